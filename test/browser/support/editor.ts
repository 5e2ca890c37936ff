import type { Page } from 'playwright-core'

/** Puts a text in place of what is in the editor of a label. */
export async function write(page: Page, label: string, text: string): Promise<void> {
  const editor = page.getByRole('textbox', { name: label })
  await editor.click()
  await page.keyboard.press('Control+a')
  // As a paste: typing would have the editor close brackets.
  await page.keyboard.insertText(text)
}
