import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Where `npm run dev:dashboard` sends what is not the dashboard. */
const SERVICE = process.env['SLUICE_URL'] ?? 'http://127.0.0.1:3000'

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the dashboard works below any prefix: the server writes <base href> into each page.
  base: './',
  plugins: [react()],
  build: {
    outDir: join(import.meta.dirname, '../dist/dashboard'),
    emptyOutDir: true,
    target: 'es2023',
    // A data: script would be against the Content-Security-Policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    // Only a helper for tests of @rjsf/core asks for it; nothing of that helper is left in what is built.
    rolldownOptions: { external: ['@rjsf/validator-ajv8'] },
  },
  worker: { format: 'es' },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/queues', '/docs', '/metrics', '/ready', '/health'].map((path) => [
        path,
        { target: SERVICE, ws: true },
      ]),
    ),
  },
})
