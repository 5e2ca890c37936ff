import { ActionIcon, Button, Divider, Group, Popover, Stack, Text, TextInput, Tooltip } from '@mantine/core'
import { useDisclosure, useLocalStorage } from '@mantine/hooks'
import { IconBookmark, IconTrash } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { writeSearch } from '../../shell/search.ts'
import { toastDone } from '../../parts/toasts.tsx'
import { isFiltered, type RunSearch, runSearch } from './run-search.ts'

interface View {
  name: string
  search: RunSearch
}

const BUILT_IN: readonly View[] = [
  { name: 'Unfinished', search: runSearch.parse({ status: ['queued', 'running', 'waiting', 'paused', 'cancelling'] }) },
  { name: 'Failed in the last 24 h', search: runSearch.parse({ status: 'failed', since: '24h' }) },
]

/** Filters under a name, kept in this browser. */
export function SavedViews({ search, onOpen }: { search: RunSearch; onOpen: (search: RunSearch) => void }) {
  const [opened, { toggle, close }] = useDisclosure()
  const [views, setViews] = useLocalStorage<View[]>({
    key: 'sluice-run-views',
    defaultValue: [],
    getInitialValueInEffect: false,
  })
  const current = [...BUILT_IN, ...views].find((view) => writeSearch(view.search) === writeSearch(search))
  const remove = (view: View) => {
    setViews(views.filter((one) => one.name !== view.name))
    toastDone(`Deleted the view “${view.name}”`, { undo: async () => setViews(views) })
  }
  return (
    <Popover opened={opened} onChange={toggle} position="bottom-end" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<IconBookmark size={14} aria-hidden />} onClick={toggle}>
          {current?.name ?? 'Views'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Saved views" p={6}>
        <Stack gap={2} miw={230}>
          <Text size="xs" className="quiet" px={8} py={4}>
            Filters by name, kept in this browser
          </Text>
          {[...BUILT_IN, ...views].map((view) => (
            <Group key={view.name} gap={2} wrap="nowrap">
              <Button
                size="xs"
                variant={view === current ? 'light' : 'subtle'}
                color="gray"
                justify="flex-start"
                flex={1}
                aria-current={view === current}
                onClick={() => {
                  onOpen(runSearch.parse(view.search))
                  close()
                }}
              >
                {view.name}
              </Button>
              {!BUILT_IN.includes(view) && (
                <Tooltip label="Delete">
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Delete the view ${view.name}`}
                    onClick={() => remove(view)}
                  >
                    <IconTrash size={14} aria-hidden />
                  </ActionIcon>
                </Tooltip>
              )}
            </Group>
          ))}
          {isFiltered(search) && current === undefined && (
            <>
              <Divider />
              <SaveView
                onSave={(name) => {
                  setViews([...views.filter((view) => view.name !== name), { name, search }])
                  close()
                }}
              />
            </>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

function SaveView({ onSave }: { onSave: (name: string) => void }) {
  const [name, setName] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() !== '') onSave(name.trim())
  }
  return (
    <form onSubmit={submit}>
      <Group gap={6} wrap="nowrap" pt={6}>
        <TextInput
          size="xs"
          flex={1}
          aria-label="Name of the view"
          placeholder="Save these filters as…"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button size="xs" type="submit" disabled={name.trim() === ''}>
          Save
        </Button>
      </Group>
    </form>
  )
}
