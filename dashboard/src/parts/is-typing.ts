const FIELD = 'input:not([type="checkbox"]), textarea, select, [role="dialog"], [role="menu"]'

/** Whether keys that are pressed there are text, or belong to a dialog or a menu: shortcuts are silent then. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest(FIELD) !== null)
}
