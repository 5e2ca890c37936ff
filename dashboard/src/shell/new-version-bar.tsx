import { Alert, Button, Group } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { isServerThere } from '../api/health.ts'

/** Says so when parts of this page are no longer to be had, since the server has got another version of it. */
export function NewVersionBar() {
  const [isOld, setOld] = useState(false)
  useEffect(() => {
    // Told by Vite when a file that a page asks for lately does not come: it is gone, unless the server is.
    const note = async () => {
      if (await isServerThere()) setOld(true)
    }
    const listener = () => void note()
    window.addEventListener('vite:preloadError', listener)
    return () => window.removeEventListener('vite:preloadError', listener)
  }, [])
  if (!isOld) return null
  return (
    <Alert role="alert" className="tone-amber" variant="outline" mb="md" icon={<IconRefresh aria-hidden />}>
      <Group justify="space-between">
        The server has another version of the dashboard now.
        <Button size="xs" variant="default" onClick={() => window.location.reload()}>
          Reload
        </Button>
      </Group>
    </Alert>
  )
}
