import { lazy, Suspense } from 'react'
import { Navigate, Route, Routes } from 'react-router'
import { Shell } from './shell/shell.tsx'
import { Boundary } from './ui/boundary.tsx'
import { ProblemPanel } from './ui/problem.tsx'
import { FairleadError } from '#contract/errors.ts'
import { useTitle } from './ui/page.tsx'

const HomePage = lazy(async () => ({ default: (await import('./home/home-page.tsx')).HomePage }))
const SignInPage = lazy(async () => ({
  default: (await import('./access/sign-in-page.tsx')).SignInPage,
}))
const TokensPage = lazy(async () => ({
  default: (await import('./access/tokens-page.tsx')).TokensPage,
}))
const SessionsPage = lazy(async () => ({
  default: (await import('./access/sessions-page.tsx')).SessionsPage,
}))
const HostsPage = lazy(async () => ({
  default: (await import('./host/hosts-page.tsx')).HostsPage,
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
const FiguresPage = lazy(async () => ({
  default: (await import('./home/figures-page.tsx')).FiguresPage,
}))
const AlertsPage = lazy(async () => ({
  default: (await import('./alert/alerts-page.tsx')).AlertsPage,
}))
const AlertPage = lazy(async () => ({
  default: (await import('./alert/alert-page.tsx')).AlertPage,
}))
const IncidentsPage = lazy(async () => ({
  default: (await import('./incident/incidents-page.tsx')).IncidentsPage,
}))
const IncidentPage = lazy(async () => ({
  default: (await import('./incident/incident-page.tsx')).IncidentPage,
}))
const StatusPagePage = lazy(async () => ({
  default: (await import('./status-page/status-page-page.tsx')).StatusPagePage,
}))
const ReviewsPage = lazy(async () => ({
  default: (await import('./review/reviews-page.tsx')).ReviewsPage,
}))
const ReviewPage = lazy(async () => ({
  default: (await import('./review/review-page.tsx')).ReviewPage,
}))
const ChannelsPage = lazy(async () => ({
  default: (await import('./channel/channels-page.tsx')).ChannelsPage,
}))
const OncallPage = lazy(async () => ({
  default: (await import('./oncall/oncall-page.tsx')).OncallPage,
}))
const ErrorsPage = lazy(async () => ({
  default: (await import('./error/errors-page.tsx')).ErrorsPage,
}))
const AppErrorsPage = lazy(async () => ({
  default: (await import('./error/errors-page.tsx')).AppErrorsPage,
}))
const JobsPage = lazy(async () => ({ default: (await import('./job/jobs-page.tsx')).JobsPage }))
const JobRunPage = lazy(async () => ({
  default: (await import('./job/job-run-page.tsx')).JobRunPage,
}))
const ExperimentsPage = lazy(async () => ({
  default: (await import('./experiment/experiments-page.tsx')).ExperimentsPage,
}))
const ExperimentRunPage = lazy(async () => ({
  default: (await import('./experiment/experiment-run-page.tsx')).ExperimentRunPage,
}))
const MachineRunPage = lazy(async () => ({
  default: (await import('./machine/machine-run-page.tsx')).MachineRunPage,
}))
const ErrorPage = lazy(async () => ({
  default: (await import('./error/error-page.tsx')).ErrorPage,
}))
const MonitorsPage = lazy(async () => ({
  default: (await import('./monitor/monitors-page.tsx')).MonitorsPage,
}))
const AppMonitorsPage = lazy(async () => ({
  default: (await import('./monitor/app-monitors-page.tsx')).AppMonitorsPage,
}))
const MonitorPage = lazy(async () => ({
  default: (await import('./monitor/monitor-page.tsx')).MonitorPage,
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
            <Route path="/deployments/:deployment/canary" element={<VerdictPage />} />
            <Route path="/deployments/figures" element={<FiguresPage />} />
            <Route path="/events" element={<EventsPage />} />
            <Route path="/alerts" element={<AlertsPage />} />
            <Route path="/alerts/:alert" element={<AlertPage />} />
            <Route path="/incidents" element={<IncidentsPage />} />
            <Route path="/incidents/:incident" element={<IncidentPage />} />
            <Route path="/status-page" element={<StatusPagePage />} />
            <Route path="/incidents/reviews" element={<ReviewsPage />} />
            <Route path="/incidents/:incident/review" element={<ReviewPage />} />
            <Route path="/channels" element={<ChannelsPage />} />
            <Route path="/on-call" element={<OncallPage />} />
            <Route path="/errors" element={<ErrorsPage />} />
            <Route path="/errors/:error" element={<ErrorPage />} />
            <Route path="/monitors" element={<MonitorsPage />} />
            <Route path="/apps" element={<AppsPage />} />
            <Route path="/apps/:app" element={<AppLayout />}>
              <Route index element={<AppPage />} />
              <Route path="runs" element={<AppRunsPage />} />
              <Route path="pull-requests" element={<PullRequestsPage />} />
              <Route path="environments" element={<EnvironmentsPage />} />
              <Route path="configuration" element={<ConfigurationPage />} />
              <Route path="jobs" element={<JobsPage />} />
              <Route path="job-runs/:jobRun" element={<JobRunPage />} />
              <Route path="experiments" element={<ExperimentsPage />} />
              <Route path="experiment-runs/:experimentRun" element={<ExperimentRunPage />} />
              <Route path="machine-runs/:machineRun" element={<MachineRunPage />} />
              <Route path="errors" element={<AppErrorsPage />} />
              <Route path="monitors" element={<AppMonitorsPage />} />
              <Route path="monitors/:monitor" element={<MonitorPage />} />
              <Route path="trends" element={<TrendsPage />} />
              <Route path="settings" element={<SettingsPage />} />
              <Route path="webhook" element={<Navigate replace to="../settings" />} />
            </Route>
            <Route path="/apps/:app/environments/:environment" element={<EnvironmentPage />} />
            <Route path="/docs" element={<DocsPage />} />
            <Route path="/docs/:page" element={<DocsPage />} />
            <Route path="/tokens" element={<TokensPage />} />
            <Route path="/hosts" element={<HostsPage />} />
            <Route path="/sessions" element={<SessionsPage />} />
            <Route path="/users" element={<UsersPage />} />
            {/* Links of earlier versions, as `webhook` above. */}
            <Route
              path="/deployments/:deployment/verdict"
              element={<Navigate replace to="../canary" relative="path" />}
            />
            <Route path="/docs/verdict" element={<Navigate replace to="/docs/canary" />} />
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
