import { layOut, type LayoutInput } from './layout.ts'

addEventListener('message', ({ data }: MessageEvent<{ key: string; input: LayoutInput }>) => {
  postMessage({ key: data.key, layout: layOut(data.input) })
})
