import { createApi } from './src/api.js'
import { openStore } from './src/store.js'

const { env } = process
const store = openStore(env)
const about = {
  environment: env.FAIRLEAD_ENVIRONMENT || 'local',
  release: env.FAIRLEAD_RELEASE || 'of the working tree',
  commit: env.FAIRLEAD_COMMIT || 'none',
}
const server = createApi(store, about)
server.listen(Number(env.PORT || 3000), '127.0.0.1', () => console.log(`listening on ${server.address().port}, balances in ${store.kind}`))

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(() => void store.close())
    server.closeIdleConnections()
  })
}
