import type { Format } from '../report.ts'
import { autocannon } from './autocannon.ts'
import { cobertura } from './cobertura.ts'
import { cyclonedx } from './cyclonedx.ts'
import { goBench } from './go-bench.ts'
import { goCover } from './go-cover.ts'
import { goTest } from './go-test.ts'
import { hyperfine } from './hyperfine.ts'
import { jacoco } from './jacoco.ts'
import { jmh } from './jmh.ts'
import { junit } from './junit.ts'
import { k6 } from './k6.ts'
import { lcov } from './lcov.ts'
import { npmAudit } from './npm-audit.ts'
import { pytestBenchmark } from './pytest-benchmark.ts'
import { sarif } from './sarif.ts'
import { tap } from './tap.ts'

/**
 * In the order in which they are tried: what names itself comes before what is told by its shape.
 */
export const formats: Format[] = [
  cyclonedx,
  junit,
  cobertura,
  jacoco,
  goTest,
  sarif,
  npmAudit,
  pytestBenchmark,
  hyperfine,
  jmh,
  k6,
  autocannon,
  lcov,
  goCover,
  goBench,
  tap,
]
