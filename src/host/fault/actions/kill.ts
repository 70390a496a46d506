import { defineEndingAction } from '../ending-action.ts'
import { killAll } from '../family.ts'

export default defineEndingAction({ name: 'kill', title: 'Kill instances' }, async (target) =>
  killAll(target),
)
