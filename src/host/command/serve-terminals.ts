import { type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { FairleadError } from '#contract/errors.ts'
import type { Commands } from './commands.ts'
import { commandPlace } from './routes.ts'

const path =
  /^\/apps\/(?<app>[^/]+)\/environments\/(?<environment>[^/]+)\/commands\/(?<key>[^/]+)\/terminal$/

/** Bytes of one message of a client. */
const maxPayload = 1024 * 1024

/** Serves the terminals of commands as WebSockets. */
export function serveTerminals(
  server: Server,
  commands: Commands,
  sendError: (response: ServerResponse, error: unknown) => void,
): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload })
  server.on('upgrade', (request, socket: Socket, head) => {
    socket.setTimeout(0)
    socket.on('error', () => socket.destroy())
    try {
      const match = path.exec(request.url ?? '')
      if (!match) throw new FairleadError('not_found', { kind: 'path', id: request.url ?? '' })
      const terminal = commands.terminal(commandPlace.parse({ ...match.groups }))
      sockets.handleUpgrade(request, socket, head, (opened) => terminal.connect(opened))
    } catch (error) {
      const response = new ServerResponse(request)
      response.shouldKeepAlive = false
      response.assignSocket(socket)
      response.once('finish', () => socket.destroySoon())
      sendError(response, error)
    }
  })
}
