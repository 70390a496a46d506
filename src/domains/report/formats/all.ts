import type { Format } from '../report.ts'
import { cobertura } from './cobertura.ts'
import { goCover } from './go-cover.ts'
import { jacoco } from './jacoco.ts'
import { junit } from './junit.ts'
import { lcov } from './lcov.ts'
import { sarif } from './sarif.ts'
import { tap } from './tap.ts'

/** In the order in which they are tried. */
export const formats: Format[] = [junit, cobertura, jacoco, sarif, lcov, goCover, tap]
