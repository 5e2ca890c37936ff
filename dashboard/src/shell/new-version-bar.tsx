import { Alert, Button, Group } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useEffect, useState } from 'react'

/** Says so when parts of this page are no longer to be had, since the server has got another version of it. */
export function NewVersionBar() {
  const [isOld, setOld] = useState(false)
  useEffect(() => {
    // Told by Vite when a file that a page asks for lately is gone.
    const note = () => setOld(true)
    window.addEventListener('vite:preloadError', note)
    return () => window.removeEventListener('vite:preloadError', note)
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
