import type { Icon } from '@tabler/icons-react'
import { type AnyRoute, useRouter } from '@tanstack/react-router'
import type { ComponentType } from 'react'

/** How a page presents itself in the rail, the palette and among the shortcuts: `staticData: { nav }` of its route. */
export interface NavEntry {
  label: string
  icon: Icon
  /** Place in the rail: overview 0, then in tens. */
  order: number
  /** `g` and then this letter goes there. */
  letter: string
  /** Drawn at the end of the row, like a count; it asks for its own data. */
  Badge?: ComponentType
}

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    nav?: NavEntry
  }
}

/** A page of the rail. */
export interface NavPage extends NavEntry {
  path: string
}

/** The pages that there are, in the order of the rail. */
export function useNavPages(): NavPage[] {
  const routes = Object.values(useRouter().routesByPath) as AnyRoute[]
  return routes
    .flatMap((route) => {
      const nav = route.options.staticData?.nav
      return nav === undefined ? [] : [{ ...nav, path: route.fullPath as string }]
    })
    .toSorted((a, b) => a.order - b.order)
}
