import { defineEndingAction } from '../ending-action.ts'
import { askToEnd } from '../family.ts'

export default defineEndingAction(
  { name: 'stop', title: 'Stop instances with SIGTERM, so that they can finish their work' },
  askToEnd,
)
