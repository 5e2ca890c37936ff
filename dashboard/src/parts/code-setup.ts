import { foldGutter, foldKeymap, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import type { Extension } from '@codemirror/state'
import { EditorView, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'

/** Colours as CSS variables of code.css, so that light and dark need no second editor. */
const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--code-name)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: [tags.bool, tags.null, tags.keyword], color: 'var(--code-word)' },
  { tag: [tags.punctuation, tags.comment], color: 'var(--quiet)' },
])

const look = EditorView.theme({
  '&': { fontSize: '12.5px', backgroundColor: 'var(--code-bg)' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', overflow: 'auto' },
  '.cm-gutters': { backgroundColor: 'var(--code-bg)', color: 'var(--quiet)', border: 'none' },
  '.cm-content': { caretColor: 'var(--mantine-color-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '&.cm-focused': { outline: '2px solid var(--mantine-primary-color-filled)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'var(--code-selection)',
  },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--tone-gray-bg)', color: 'var(--tone-gray-fg)', border: 'none' },
  '.cm-panels': { backgroundColor: 'var(--surface)', color: 'inherit' },
  '.cm-textfield': { backgroundColor: 'var(--mantine-color-body)', color: 'inherit' },
  '.cm-button': { backgroundImage: 'none', backgroundColor: 'var(--tone-gray-bg)', color: 'inherit' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'inherit', border: '1px solid var(--line)' },
})

/** What every editor and viewer has: our colours and type, line numbers, folding, search. */
export const READER: Extension = [
  lineNumbers(),
  foldGutter(),
  search({ top: true }),
  highlightSelectionMatches(),
  keymap.of([...searchKeymap, ...foldKeymap]),
  syntaxHighlighting(colours),
  look,
]
