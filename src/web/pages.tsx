import { lazy, Suspense } from 'react'
import { Navigate, Route, Routes } from 'react-router'
import { HomePage } from './home/home-page.tsx'
import { Shell } from './shell/shell.tsx'
import { Boundary } from './ui/boundary.tsx'
import { ProblemPanel } from './ui/problem.tsx'
import { FairleadError } from '#contract/errors.ts'
import { useTitle } from './ui/page.tsx'

const SignInPage = lazy(async () => ({
  default: (await import('./access/sign-in-page.tsx')).SignInPage,
}))
const TokensPage = lazy(async () => ({
  default: (await import('./access/tokens-page.tsx')).TokensPage,
}))
const SessionsPage = lazy(async () => ({
  default: (await import('./access/sessions-page.tsx')).SessionsPage,
}))
const UsersPage = lazy(async () => ({
  default: (await import('./access/users-page.tsx')).UsersPage,
}))
const SettingsPage = lazy(async () => ({
  default: (await import('./app/settings-page.tsx')).SettingsPage,
}))
const EnvironmentsPage = lazy(async () => ({
  default: (await import('./app/environments-page.tsx')).EnvironmentsPage,
}))
const ConfigurationPage = lazy(async () => ({
  default: (await import('./app/configuration-page.tsx')).ConfigurationPage,
}))
const PullRequestsPage = lazy(async () => ({
  default: (await import('./pull-request/pull-requests-page.tsx')).PullRequestsPage,
}))
const RunLayout = lazy(async () => ({
  default: (await import('./run/run-layout.tsx')).RunLayout,
}))
const RunPage = lazy(async () => ({ default: (await import('./run/run-page.tsx')).RunPage }))
const DocsPage = lazy(async () => ({ default: (await import('./docs/docs-page.tsx')).DocsPage }))
const RunsPage = lazy(async () => ({ default: (await import('./run/runs-page.tsx')).RunsPage }))
const AppRunsPage = lazy(async () => ({
  default: (await import('./run/runs-page.tsx')).AppRunsPage,
}))
const RunEventsPage = lazy(async () => ({
  default: (await import('./run/run-events-page.tsx')).RunEventsPage,
}))
const ChangePage = lazy(async () => ({
  default: (await import('./change/change-page.tsx')).ChangePage,
}))
const DeploymentsPage = lazy(async () => ({
  default: (await import('./deployment/deployments-page.tsx')).DeploymentsPage,
}))
const VerdictPage = lazy(async () => ({
  default: (await import('./verdict/verdict-page.tsx')).VerdictPage,
}))
const EventsPage = lazy(async () => ({
  default: (await import('./event/events-page.tsx')).EventsPage,
}))
const TrendsPage = lazy(async () => ({
  default: (await import('./trend/trends-page.tsx')).TrendsPage,
}))
const AlertsPage = lazy(async () => ({
  default: (await import('./alert/alerts-page.tsx')).AlertsPage,
}))
const AlertPage = lazy(async () => ({
  default: (await import('./alert/alert-page.tsx')).AlertPage,
}))
const MonitorsPage = lazy(async () => ({
  default: (await import('./monitor/monitors-page.tsx')).MonitorsPage,
}))
const AppMonitorsPage = lazy(async () => ({
  default: (await import('./monitor/app-monitors-page.tsx')).AppMonitorsPage,
}))
const AppsPage = lazy(async () => ({ default: (await import('./app/apps-page.tsx')).AppsPage }))
const AppLayout = lazy(async () => ({
  default: (await import('./app/app-layout.tsx')).AppLayout,
}))
const AppPage = lazy(async () => ({ default: (await import('./app/app-page.tsx')).AppPage }))
const EnvironmentPage = lazy(async () => ({
  default: (await import('./environment/environment-page.tsx')).EnvironmentPage,
}))

/** The routes of the console. */
export function Pages() {
  return (
    <Boundary>
      <Suspense fallback={null}>
        <Routes>
          <Route path="/sign-in" element={<SignInPage />} />
          <Route element={<Shell />}>
            <Route index element={<HomePage />} />
            <Route path="/runs" element={<RunsPage />} />
            <Route path="/runs/:run" element={<RunLayout />}>
              <Route index element={<RunPage />} />
              <Route path="change" element={<ChangePage />} />
              <Route path="events" element={<RunEventsPage />} />
            </Route>
            <Route path="/deployments" element={<DeploymentsPage />} />
            <Route path="/deployments/:deployment/verdict" element={<VerdictPage />} />
            <Route path="/events" element={<EventsPage />} />
            <Route path="/alerts" element={<AlertsPage />} />
            <Route path="/alerts/:alert" element={<AlertPage />} />
            <Route path="/monitors" element={<MonitorsPage />} />
            <Route path="/apps" element={<AppsPage />} />
            <Route path="/apps/:app" element={<AppLayout />}>
              <Route index element={<AppPage />} />
              <Route path="runs" element={<AppRunsPage />} />
              <Route path="pull-requests" element={<PullRequestsPage />} />
              <Route path="environments" element={<EnvironmentsPage />} />
              <Route path="configuration" element={<ConfigurationPage />} />
              <Route path="monitors" element={<AppMonitorsPage />} />
              <Route path="trends" element={<TrendsPage />} />
              <Route path="settings" element={<SettingsPage />} />
              {/* Links of earlier versions. */}
              <Route path="webhook" element={<Navigate replace to="../settings" />} />
            </Route>
            <Route path="/apps/:app/environments/:environment" element={<EnvironmentPage />} />
            <Route path="/docs" element={<DocsPage />} />
            <Route path="/docs/:page" element={<DocsPage />} />
            <Route path="/tokens" element={<TokensPage />} />
            <Route path="/sessions" element={<SessionsPage />} />
            <Route path="/users" element={<UsersPage />} />
            <Route path="*" element={<NoPage />} />
          </Route>
        </Routes>
      </Suspense>
    </Boundary>
  )
}

function NoPage() {
  useTitle('Not found')
  return (
    <ProblemPanel
      isPage
      error={new FairleadError('not_found', { kind: 'page', id: location.pathname })}
    />
  )
}
