import { deno } from './deno.ts'
import type { Detector } from './detector.ts'
import { docker } from './docker.ts'
import { go } from './go.ts'
import { java } from './java.ts'
import { make } from './make.ts'
import { node } from './node.ts'
import { php } from './php.ts'
import { procfile } from './procfile.ts'
import { python } from './python.ts'
import { ruby } from './ruby.ts'
import { rust } from './rust.ts'
import { shell } from './shell.ts'
import { staticSite } from './static.ts'

/** Detectors of languages: their steps and services. Earlier detectors take precedence. */
export const languages: readonly Detector[] = [go, java, rust, php, ruby, node, deno, python]

/** Detectors that apply to any language, used where no language provides more. */
export const others: readonly Detector[] = [make, shell, procfile, docker, staticSite]
