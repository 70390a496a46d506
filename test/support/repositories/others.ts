import { express, json, type Row, staticSite } from './repository.ts'

const venv = '.venv/bin/python -m '
const flaskRun = (app: string): string =>
  `${venv}flask --app ${app} run --host 127.0.0.1 --port $PORT`

/** Repositories of other languages, as skeletons of the files that decide. */
export const otherRepositories: Record<string, Row> = {
  'pallets/flask': {
    files: {
      'pyproject.toml': '[project]\nname = "Flask"\n',
      'src/flask/app.py': 'class Flask(App):\n',
      'examples/tutorial/flaskr/__init__.py': 'def create_app():\n    app = Flask(__name__)\n',
      'tests/test_basic.py': 'import pytest\napp = Flask(__name__)\n',
    },
    steps: 'install test',
  },
  'psf/requests': {
    files: {
      'setup.py': '',
      'requirements-dev.txt': 'pytest\n',
      'src/requests/api.py': '',
      'tests/test_a.py': 'import pytest',
      Makefile: 'init:\ntest:\n',
    },
    steps: 'install test',
  },
  'django/django': {
    files: {
      'pyproject.toml': '[project]\nname = "Django"\n',
      'django/core/servers/basehttp.py': 'class WSGIServer',
      'tests/runtests.py': 'import unittest',
      'package.json': json({ scripts: { test: 'grunt test' }, devDependencies: { grunt: '1' } }),
    },
    steps: 'install test python-install',
  },
  'heroku/python-getting-started': {
    files: {
      'requirements.txt': 'django\ngunicorn',
      'manage.py': "'gettingstarted.settings'",
      Procfile: 'web: gunicorn gettingstarted.wsgi\nworker: python -u worker.py',
    },
    steps: 'install test',
    services: {
      web: `${venv}gunicorn gettingstarted.wsgi`,
      worker: '.venv/bin/python -u worker.py',
    },
  },
  'digitalocean/sample-flask': {
    files: { 'requirements.txt': 'Flask\n', 'app.py': 'app = Flask(__name__)' },
    steps: 'install',
    services: { web: flaskRun('app:app') },
  },
  'Procfile with a prefix': {
    files: { 'requirements.txt': 'gunicorn', Procfile: 'web: exec gunicorn app:app' },
    steps: 'install',
    services: { web: `exec ${venv}gunicorn app:app` },
  },
  'fastapi/full-stack-fastapi-template backend': {
    files: {
      'pyproject.toml': '[project]\n"fastapi"',
      'app/main.py': 'app = FastAPI()',
      'uv.lock': '',
    },
    steps: 'install',
    services: { web: `${venv}uvicorn app.main:app --host 127.0.0.1 --port $PORT` },
  },
  'streamlit/streamlit-example': {
    files: { 'requirements.txt': 'streamlit', 'streamlit_app.py': 'import streamlit as st' },
    steps: 'install',
    services: {
      web: `${venv}streamlit run streamlit_app.py --server.port $PORT --server.headless true`,
    },
  },
  'numpy/numpy': {
    files: {
      'pyproject.toml': '[build-system]',
      'numpy/__init__.py': '',
      'numpy/tests/test_a.py': 'def test_a(): pass',
    },
    steps: 'install test',
  },
  'rails/rails': {
    files: { Gemfile: 'gemspec', 'rails.gemspec': '', Rakefile: 'task :test' },
    steps: 'install test',
  },
  'heroku/ruby-getting-started': {
    files: {
      Gemfile: 'gem "rails"',
      'config/application.rb': '',
      'config.ru': '',
      Procfile: 'web: bundle exec puma -C config/puma.rb',
    },
    steps: 'install test',
    services: { web: 'bundle exec puma -C config/puma.rb' },
  },
  'basecamp/writebook': {
    files: {
      Gemfile: 'gem "rails"',
      'config/application.rb': '',
      'config/routes.rb': 'get "up" => "rails/health#show"',
    },
    steps: 'install test',
    services: { web: 'bundle exec rails server --binding 127.0.0.1 --port $PORT' },
    health: '/up',
  },
  'sinatra/sinatra': {
    files: { Gemfile: 'gemspec', 'sinatra.gemspec': '', 'test/base_test.rb': '' },
    steps: 'install test',
  },
  'laravel/laravel': {
    files: {
      'composer.json': json({ 'require-dev': { 'phpunit/phpunit': '11' } }),
      artisan: '',
      'public/index.php': '',
    },
    steps: 'install test',
    services: { web: 'php artisan serve --no-reload --host=127.0.0.1 --port=$PORT' },
  },
  'symfony/demo': {
    files: { 'composer.json': '{}', 'composer.lock': '{}', 'public/index.php': '' },
    steps: 'install',
    services: { web: 'PHP_CLI_SERVER_WORKERS=4 php -S 127.0.0.1:$PORT -t public public/index.php' },
  },
  'guzzle/guzzle': {
    files: {
      'composer.json': json({ 'require-dev': { 'phpunit/phpunit': '11' } }),
      Makefile: 'test:\n',
    },
    steps: 'install test',
  },
  'spring-projects/spring-petclinic': {
    files: { 'pom.xml': 'spring-boot-starter-web actuator', mvnw: '', 'build.gradle': '' },
    steps: 'build test',
    services: { web: 'java -jar target/*.jar --server.port=$PORT' },
    health: '/actuator/health',
  },
  'apache/commons-lang': {
    files: { 'pom.xml': '<packaging>jar</packaging>' },
    steps: 'build test',
  },
  'google/guava': { files: { 'pom.xml': '<modules>', 'guava/pom.xml': '' }, steps: 'build test' },
  'junit-team/junit5': {
    files: { 'build.gradle.kts': 'plugins {}', gradlew: '' },
    steps: 'build test',
  },
  'quarkusio/quarkus-quickstarts getting-started': {
    files: { 'pom.xml': 'quarkus-maven-plugin', mvnw: '' },
    steps: 'build test',
    services: { web: 'java -Dquarkus.http.port=$PORT -jar target/quarkus-app/quarkus-run.jar' },
  },
  'playframework/play-samples hello-world': {
    files: { 'build.sbt': 'name := "hello"\nenablePlugins(PlayScala)' },
    steps: 'build test',
    services: { web: 'target/universal/stage/bin/hello -Dhttp.port=$PORT' },
  },
  'typelevel/cats': { files: { 'build.sbt': 'name := "cats"' }, steps: 'build test' },
  'gin-gonic/gin': {
    files: {
      'go.mod': 'module github.com/gin-gonic/gin',
      'gin.go': 'package gin',
      'gin_test.go': 'package gin',
      Makefile: 'test:\n',
    },
    steps: 'build test',
  },
  'spf13/cobra': {
    files: { 'go.mod': 'module github.com/spf13/cobra', 'command.go': 'package cobra' },
    steps: 'build test',
  },
  'junegunn/fzf': {
    files: { 'go.mod': 'module github.com/junegunn/fzf', 'main.go': 'package main' },
    steps: 'build test',
  },
  'heroku/go-getting-started': {
    files: {
      'go.mod': 'module github.com/heroku/go-getting-started',
      'main.go': 'package main\nos.Getenv("PORT")\ngin.New()',
      Procfile: 'web: bin/go-getting-started',
    },
    steps: 'build test',
    services: { web: 'bin/go-getting-started' },
  },
  'prometheus/prometheus': {
    files: {
      'go.mod': 'module github.com/prometheus/prometheus',
      'cmd/prometheus/main.go': 'package main\nnet.Listen("tcp", address)\n"/-/healthy"',
    },
    steps: 'build test',
    services: { web: 'bin/prometheus' },
  },
  'grpc/grpc-go': {
    files: {
      'go.mod': 'module google.golang.org/grpc',
      'grpc.go': 'package grpc',
      'examples/helloworld/server/main.go': 'package main\nnet.Listen()',
    },
    steps: 'build test',
  },
  'BurntSushi/ripgrep': {
    files: {
      'Cargo.toml': '[package]\nname = "ripgrep"\n[[bin]]\nname = "rg"\n',
      'Cargo.lock': '',
      'crates/core/main.rs': 'fn main() {}',
    },
    steps: 'build test',
  },
  'serde-rs/serde': {
    files: { 'Cargo.toml': '[workspace]\nmembers = ["serde"]' },
    steps: 'build test',
  },
  'tokio-rs/axum example': {
    files: {
      'Cargo.toml': '[package]\nname = "hello"\n[dependencies]\naxum = "0.8"\n',
      'src/main.rs': '',
    },
    steps: 'build test',
    services: { web: 'target/release/hello' },
  },
  'git/git': {
    files: { Makefile: 'all::\ntest: all\nclean:\n', 'git.c': '', 't/Makefile': 'all:\n' },
    steps: 'build test',
  },
  'redis/redis': {
    files: { Makefile: 'default: all\ninstall:\ntest:\n', 'src/server.c': '' },
    steps: 'build test',
  },
  'Kitware/CMake example': {
    files: { 'CMakeLists.txt': 'project(x)\nenable_testing()' },
    steps: 'build test',
  },
  'nlohmann/json': {
    files: { 'CMakeLists.txt': 'include(CTest)', Makefile: 'all:\n' },
    steps: 'build test',
  },
  'mojolicious/mojo': {
    files: { 'Makefile.PL': '', 't/a.t': '', 'lib/Mojo.pm': '' },
    steps: 'test',
  },
  'plack/Plack': { files: { cpanfile: '', 't/a.t': '' }, steps: 'install test' },
  'a Perl app': {
    files: { cpanfile: '', 'app.psgi': '' },
    steps: 'install',
    services: {
      web: 'PERL5LIB=local/lib/perl5 perl -S plackup --host 127.0.0.1 --port $PORT app.psgi',
    },
  },
  'openmainframeproject/cobol-programming-course': {
    files: { 'src/HELLO.cbl': '' },
    steps: 'build',
  },
  'dotnet/eShop': {
    files: {
      'eShop.slnx': '',
      'src/WebApp/WebApp.csproj': 'Microsoft.NET.Sdk.Web',
      'tests/A/A.csproj': 'Microsoft.NET.Test.Sdk',
    },
    steps: 'build test',
    services: { web: 'dotnet out/WebApp.dll --urls http://127.0.0.1:$PORT' },
  },
  'JamesNK/Newtonsoft.Json': {
    files: { 'a.sln': '', 'src/a/a.csproj': 'Microsoft.NET.Sdk' },
    steps: 'build',
  },
  'dockersamples/example-voting-app': {
    files: {
      'vote/requirements.txt': 'Flask\ngunicorn',
      'vote/app.py': 'app = Flask(__name__)',
      'result/package.json': json({ ...express, scripts: { start: 'node server.js' } }),
      'worker/Worker.csproj': 'Microsoft.NET.Sdk',
    },
    steps: 'result-install vote-install worker-build',
    services: { result: 'node server.js', vote: `${venv}gunicorn --bind 127.0.0.1:$PORT app:app` },
  },
  'GoogleCloudPlatform/microservices-demo': {
    files: {
      'src/frontend/go.mod': 'module frontend',
      'src/frontend/main.go': 'package main // PORT',
      'src/paymentservice/package.json': json({ ...express, scripts: { start: 'node index.js' } }),
    },
    steps: 'frontend-build frontend-test paymentservice-install',
    services: { frontend: 'bin/frontend', paymentservice: 'node index.js' },
  },
  'app in a uv workspace': {
    files: {
      'uv.lock': '',
      'pyproject.toml': '[tool.uv.workspace]\nmembers = ["apps/*"]\n',
      'apps/api/pyproject.toml': '[project]\nname = "api"\ndependencies = ["flask"]\n',
      'apps/api/app.py': 'app = Flask(__name__)',
    },
    at: 'apps/api',
    steps: 'install',
    runs: { install: 'UV_PROJECT_ENVIRONMENT="$PWD/.venv" uv sync --frozen --no-editable' },
    services: { web: flaskRun('app:app') },
  },
  'app in a Cargo workspace': {
    files: {
      'Cargo.toml': '[workspace]\nmembers = ["apps/*"]\n',
      'Cargo.lock': '',
      'apps/api/Cargo.toml': '[package]\nname = "api"\n[dependencies]\naxum = "0.8"\n',
      'apps/api/src/main.rs': 'fn main() {}',
    },
    at: 'apps/api',
    steps: 'build test',
    runs: { build: 'cargo build --release --locked --target-dir target' },
    services: { web: 'target/release/api' },
  },
  'app in a Go workspace': {
    files: {
      'go.work': 'use ./apps/api\n',
      'apps/api/go.mod': 'module example.com/api\n',
      'apps/api/main.go': 'package main // PORT',
    },
    at: 'apps/api',
    steps: 'build test',
    runs: { build: 'go build -o bin/api .' },
    services: { web: 'bin/api' },
  },
  'module of a Maven project': {
    files: {
      'pom.xml': '<modules><module>lib</module><module>api</module></modules>',
      mvnw: '',
      'api/pom.xml': 'spring-boot-starter-web',
    },
    at: 'api',
    steps: 'build test',
    runs: {
      build:
        'sh ../mvnw --file ../pom.xml --projects api --also-make ' +
        '--batch-mode --quiet -DskipTests package',
    },
    services: { web: 'java -jar target/*.jar --server.port=$PORT' },
  },
  'project of a Gradle build': {
    files: {
      'settings.gradle.kts': 'include(":apps:api")',
      gradlew: '',
      'apps/api/build.gradle.kts': 'org.springframework.boot spring-boot',
    },
    at: 'apps/api',
    steps: 'build test',
    runs: {
      build: 'sh ../../gradlew --no-daemon --console=plain --project-dir ../.. :apps:api:assemble',
    },
    services: {
      web:
        'java -jar $(ls build/libs/*.jar | grep -v -e -plain.jar -e -sources.jar) ' +
        '--server.port=$PORT',
    },
  },
  'gohugoio/hugo site': {
    files: { 'hugo.toml': '' },
    steps: 'build',
    services: staticSite('public'),
    include: ['public'],
  },
  'h5bp/html5-boilerplate page': {
    files: { 'index.html': '' },
    steps: '',
    services: staticSite('.'),
  },
}
