import type { Page } from 'playwright-core'

/** Answers to a page that are on their way. */
export interface HeldAnswers {
  /** Their bodies, as the service gave them. */
  readonly bodies: readonly unknown[]
  /** Has them arrive, and those to come as well. */
  goOn(): void
}

/** Has the service answer what a page asks of some addresses from now on, and keeps the answers on their way. */
export async function holdAnswers(page: Page, url: RegExp): Promise<HeldAnswers> {
  const bodies: unknown[] = []
  let goOn = () => {}
  const held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  await page.route(url, async (route) => {
    const response = await route.fetch()
    bodies.push(await response.json())
    await held
    await route.fulfill({ response })
  })
  return { bodies, goOn }
}
