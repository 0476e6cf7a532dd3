import { readFileSync } from 'node:fs'
import { PRICES, PRICES_DATE, PRICES_REGION, type Prices } from '../../inspector/costs/prices.js'
import { usage } from '../failure.js'

/** Prices with the place and the day that they are of. */
export interface PriceList {
  readonly region: string
  readonly date: string
  readonly prices: Prices
}

export const OWN_PRICES: PriceList = { region: PRICES_REGION, date: PRICES_DATE, prices: PRICES }

/** The prices of `--prices`: as `--print-prices` prints them, with other numbers. */
export function readPrices(file: string | undefined): PriceList {
  if (file === undefined) return OWN_PRICES
  const given = parse(file)
  const { region, date, prices } = (given ?? {}) as { readonly [K in keyof PriceList]?: unknown }
  if (typeof region !== 'string' || typeof date !== 'string') throw wrong(file, "'region' and 'date' must be strings")
  for (const name of Object.keys(PRICES)) {
    const dollars = (prices as { readonly [name: string]: { readonly dollars?: unknown } } | undefined)?.[name]?.dollars
    const isPrice = typeof dollars === 'number' && Number.isFinite(dollars) && dollars >= 0
    if (!isPrice) throw wrong(file, `'prices.${name}.dollars' must be a number from 0`)
  }
  return { region, date, prices: prices as Prices }
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw wrong(file, (error as Error).message)
  }
}

const wrong = (file: string, problem: string) =>
  usage(`${file} is no file of prices: ${problem}`, "Begin with the output of 'holdfast cost --print-prices'.")
