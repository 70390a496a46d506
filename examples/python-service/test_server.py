import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

from links import BadLink, Links
from server import create_server


class LinksTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "links.sqlite")

    def open(self):
        links = Links(self.path)
        self.addCleanup(links.close)
        return links

    def test_what_one_process_adds_another_finds(self):
        name = self.open().add("https://example.com/a")
        self.assertEqual(self.open().find(name), "https://example.com/a")
        self.assertEqual(self.open().add("https://example.com/a"), name)
        self.assertEqual(self.open().count(), 1)
        self.assertIsNone(self.open().find("nothing"))

    def test_what_is_no_link_is_refused(self):
        for url in (None, 7, "", "example.com", "javascript:alert(1)", "ftp://x", "http://", "http://a b", "http://a\r\nx: y", "http://[", "http://" + "x" * 2000):
            with self.subTest(url=url), self.assertRaises(BadLink):
                self.open().add(url)


class ServerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        links = Links(os.path.join(folder.name, "links.sqlite"))
        self.addCleanup(links.close)
        self.server = create_server(0, links, {"release": "7"})
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers

    def test_a_link_goes_in_and_comes_out(self):
        status, value, _ = self.ask("POST", "/links", json.dumps({"url": "https://example.com"}))
        self.assertEqual(status, 201)
        status, _, headers = self.ask("GET", "/" + value["name"])
        self.assertEqual((status, headers["location"]), (302, "https://example.com"))
        self.assertEqual(self.ask("GET", "/")[1], {"release": "7", "links": 1})
        self.assertEqual(self.ask("GET", "/health")[0], 200)

    def test_bad_requests_are_refused(self):
        for body in ("", "no json", "[]", json.dumps({"url": "x"}), "x" * 20_000):
            with self.subTest(body=body[:10]):
                self.assertEqual(self.ask("POST", "/links", body)[0], 400)
        self.assertEqual(self.ask("GET", "/nothing")[0], 404)
        self.assertEqual(self.ask("POST", "/nothing", "{}")[0], 404)


class ProcessTest(unittest.TestCase):
    def test_it_ends_by_itself_when_asked_to(self):
        with tempfile.TemporaryDirectory() as folder:
            env = {**os.environ, "PORT": "0", "FAIRLEAD_DATA_DIR": folder}
            program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "server.py")
            with subprocess.Popen([sys.executable, program], env=env, stdout=subprocess.PIPE, text=True) as process:
                self.assertIn("listening on", process.stdout.readline())
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
