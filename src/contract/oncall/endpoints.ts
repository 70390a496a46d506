import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { done, id } from '#contract/params.ts'
import { escalation, rota, rotaDetail, rotaOverride, rotaPlan, team } from './oncall.ts'

const inRota = z.object({ rota: name })
const inTeam = z.object({ team: name })
const moment = z.iso.datetime({ offset: true })
const reason = z.string().trim().max(500).default('')

/** Who is on call, and who gets the alerts of an app. */
export const oncallEndpoints = {
  listRotas: endpoint({
    method: 'GET',
    path: '/rotas',
    role: 'viewer',
    summary: 'List the rotas with who is on call now and next, and problems of the next four weeks',
    output: z.object({ rotas: z.array(rota) }),
  }),
  getRota: endpoint({
    method: 'GET',
    path: '/rotas/{rota}',
    role: 'viewer',
    summary: 'Show a rota with its shifts; default: from now for four weeks',
    params: inRota,
    query: z.object({
      from: moment.optional(),
      days: z.coerce.number().int().min(1).max(92).default(28),
    }),
    output: rotaDetail,
  }),
  putRota: endpoint({
    method: 'PUT',
    path: '/rotas/{rota}',
    role: 'operator',
    summary: 'Create a rota, or replace its layers; overrides stay',
    params: inRota,
    body: rotaPlan,
    output: rota,
  }),
  deleteRota: endpoint({
    method: 'DELETE',
    path: '/rotas/{rota}',
    role: 'operator',
    summary: 'Delete a rota with its overrides',
    params: inRota,
    output: done,
  }),
  createOverride: endpoint({
    method: 'POST',
    path: '/rotas/{rota}/overrides',
    role: 'developer',
    summary: 'Put one person on call for a time',
    params: inRota,
    body: z.object({ person: z.string().min(1).max(80), from: moment, until: moment, reason }),
    output: rotaOverride,
  }),
  deleteOverride: endpoint({
    method: 'DELETE',
    path: '/rotas/{rota}/overrides/{override}',
    role: 'developer',
    summary: 'Delete an override',
    params: inRota.extend({ override: id }),
    output: done,
  }),
  swapShifts: endpoint({
    method: 'POST',
    path: '/rotas/{rota}/swaps',
    role: 'developer',
    summary: 'Let two people take each other’s shifts; a shift is named by a moment in it',
    params: inRota,
    body: z.object({ one: moment, other: moment, reason }),
    output: z.object({ overrides: z.array(rotaOverride) }),
  }),
  importCalendar: endpoint({
    method: 'POST',
    path: '/rotas/{rota}/calendar-entries',
    role: 'developer',
    summary:
      'Take the entries of an iCalendar file as overrides; they replace those of the last import',
    params: inRota,
    body: z.object({ calendar: z.string().min(1).max(900_000) }),
    output: z.object({
      overrides: z.number().int(),
      /** entries without a user, by their titles */
      unmatched: z.array(z.string()),
    }),
  }),
  createCalendarLink: endpoint({
    method: 'POST',
    path: '/rotas/{rota}/calendar-link',
    role: 'developer',
    summary: 'Create the address of the calendar of a rota; the former address ends',
    params: inRota,
    output: z.object({ url: z.string() }),
  }),
  listTeams: endpoint({
    method: 'GET',
    path: '/teams',
    role: 'viewer',
    summary: 'List the teams, and how alerts reach them',
    output: z.object({ teams: z.array(team) }),
  }),
  putTeam: endpoint({
    method: 'PUT',
    path: '/teams/{team}',
    role: 'operator',
    summary: 'Create a team, or replace how alerts reach it',
    params: inTeam,
    body: escalation,
    output: team,
  }),
  deleteTeam: endpoint({
    method: 'DELETE',
    path: '/teams/{team}',
    role: 'operator',
    summary: 'Delete a team',
    params: inTeam,
    output: done,
  }),
}
