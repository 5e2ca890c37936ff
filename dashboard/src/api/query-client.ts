import { QueryClient } from '@tanstack/react-query'
import { ApiError } from './problem-error.ts'

const MOST_RETRIES = 3

/** The cache of everything that was read from the API. The streams of `live/` write into it. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // The service is often on this machine, which may well be offline.
      networkMode: 'always',
      retry: (failures, error) => failures < MOST_RETRIES && error instanceof ApiError && error.isTemporary,
    },
    mutations: { networkMode: 'always', retry: false },
  },
})
