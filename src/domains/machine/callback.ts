/** How a line of the output begins that the callback plugin below writes. */
export const linePrefix = '@machine '

/**
 * A callback plugin of Ansible that reports each task and each machine as a line of JSON; see
 * https://docs.ansible.com/ansible/latest/plugins/callback.html and `output.ts`. What `no_log`
 * hides does not reach a callback.
 */
export const callbackPlugin = `import json
import os
import sys

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: fairlead
type: stdout
short_description: reports tasks and machines as lines of JSON
description:
  - Reports tasks and machines as lines of JSON.
"""


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, default=str)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'fairlead'

    def _emit(self, **event):
        line = json.dumps(event, ensure_ascii=False, default=str)
        try:
            data = line.encode('utf-8')
        except UnicodeEncodeError:
            data = json.dumps(event, default=str).encode('ascii')
        sys.stdout.flush()
        sys.stdout.buffer.write(b'${linePrefix}' + data + b'\\n')
        sys.stdout.buffer.flush()

    def _place(self, task):
        path = task.get_path() or ''
        inside = os.path.relpath(path) if path.startswith(os.getcwd() + '/') else path
        return inside or None

    def _given(self, one, task):
        asked = (one.get('invocation') or {}).get('module_args') or {}
        return [one, asked if isinstance(asked, dict) else {}, task.args]

    def _first(self, values):
        # Arguments that are templates name nothing.
        return next((value for value in values if value and '{{' not in text_of(value)), None)

    def _named(self, one, task):
        # A file from 'content' has a temporary name here, which means nothing to a person.
        diffs = one['diff'] if isinstance(one['diff'], list) else [one['diff']]
        for diff in diffs:
            if str(diff.get('after_header', '')).startswith(os.environ['HOME']):
                given = self._given(one, task)
                name = self._first(source.get(key) for key in ('dest', 'path') for source in given)
                diff['after_header'] = name or 'after'
        return diffs

    def _diff(self, result, task):
        parts = []
        for one in result.get('results') or [result]:
            if isinstance(one, dict) and one.get('diff') and one.get('changed'):
                parts.append(self._get_diff(self._named(one, task)))
        return '\\n'.join(part for part in parts if part).strip('\\n')[:20000] or None

    def _object(self, result, task):
        # Such as 'copy /etc/motd' or 'apt nginx'. Arguments that are templates name nothing.
        module = task.action.rsplit('.', 1)[-1]
        if 'censored' in result:
            return module
        names = []
        for one in result.get('results') or [result]:
            if not isinstance(one, dict) or not one.get('changed'):
                continue
            given = self._given(one, task)
            keys = ('dest', 'path', 'name')
            name = self._first(source.get(key) for key in keys for source in given)
            names += name if isinstance(name, list) else [name] if name else []
        shown = ', '.join(dict.fromkeys(text_of(name) for name in names))
        return (module + ' ' + shown).strip()[:300]

    def _message(self, result):
        for one in [result] + [item for item in result.get('results') or []
                               if isinstance(item, dict) and item.get('failed')]:
            for key in ('stderr', 'module_stderr', 'msg', 'reason', 'exception', 'censored'):
                value = one.get(key)
                if value and value not in ('non-zero return code', 'One or more items failed'):
                    return text_of(value).strip()[:2000]
        return text_of(result.get('msg') or '')[:2000] or None

    def _output(self, result, task, state):
        # What a command or 'debug' printed. 'no_log' leaves nothing of it.
        parts = []
        for one in [result] + (result.get('results') or []):
            if isinstance(one, dict) and (one is result or state != 'failed' or one.get('failed')):
                keys = ('stdout', 'module_stdout', 'stderr', 'module_stderr')
                parts += [text_of(one[key]).strip() for key in keys if one.get(key)]
                if task.action.rsplit('.', 1)[-1] == 'debug':
                    shown = [task.args.get('var') or 'msg']
                    parts += [text_of(one[key]) for key in shown if key in one]
        return '\\n'.join(dict.fromkeys(part for part in parts if part))[-4000:] or None

    def _result(self, result, state, ignored=False):
        task, body = result._task, result._result
        event = {'e': 'result', 'host': result._host.get_name(), 'task': task.get_name(),
                 'at': self._place(task), 'state': state}
        if state == 'changed':
            event['object'] = self._object(body, task)
            event['diff'] = self._diff(body, task)
        if state == 'skipped' and self._is_unknown(body):
            event['isUnknown'] = True
        if state in ('failed', 'unreachable'):
            event['message'] = self._message(body)
            event['ignored'] = bool(ignored)
        if state in ('ok', 'changed', 'failed'):
            event['output'] = self._output(body, task, state)
        self._emit(**event)

    def v2_playbook_on_play_start(self, play):
        self._emit(e='play', name=play.get_name())

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._emit(e='task', task=task.get_name(), at=self._place(task))

    def v2_playbook_on_cleanup_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_ok(self, result):
        self._result(result, 'changed' if result._result.get('changed') else 'ok')

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._result(result, 'failed', ignore_errors)

    def v2_runner_on_unreachable(self, result):
        self._result(result, 'unreachable', result._task.ignore_unreachable)

    def v2_runner_on_skipped(self, result):
        self._result(result, 'skipped')

    def _is_unknown(self, result):
        # The words of modules without check mode, and of commands.
        items = [item for item in result.get('results') or [] if isinstance(item, dict)]
        return any('check mode' in text_of(one.get('msg') or '') for one in [result] + items)

    def v2_playbook_on_stats(self, stats):
        self._emit(e='stats', hosts={host: stats.summarize(host) for host in stats.processed})
`
