// Makes a page and its plots from results that it is given on standard input, with the modules as built.
import { json } from 'node:stream/consumers'
import { pageOf } from '../../dist/esm/bench/page/page.js'
import { plotOf } from '../../dist/esm/bench/page/plots.js'

const { results, parts } = await json(process.stdin)
const plots = results.runs.flatMap(({ series }) => series.map(plotOf))
process.stdout.write(JSON.stringify({ page: pageOf(results, parts), plots }))
