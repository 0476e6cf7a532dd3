import { synthesize } from './synthesis.js'

const leaseOf = (props: Parameters<typeof synthesize>[0]): number => {
  const { Variables } = synthesize(props).one('Functions/Release').Properties.Environment
  return JSON.parse(Variables.HOLDFAST_TIMING).leaseMs
}

const settings = (rate: number, burst: number) => ({
  ThrottlingRateLimit: rate,
  ThrottlingBurstLimit: burst,
  DetailedMetricsEnabled: false,
  DataTraceEnabled: false,
  LoggingLevel: 'OFF',
})

describe('the number of processes', () => {
  test('chooses the lease, unless the timing names one', () => {
    expect(leaseOf({})).toBe(15_000)
    expect(leaseOf({ processesMax: 10_000 })).toBe(30_000)
    expect(leaseOf({ processesMax: 20_000 })).toBe(60_000)
    expect(leaseOf({ processesMax: 20_000, timing: { leaseMs: 90_000 } })).toBe(90_000)
  })

  test('is refused where the renewals need more than API Gateway lets through, with the arithmetic', () => {
    expect(() => synthesize({ processesMax: 50_000 })).toThrow(
      'throttleRatePerSecond must be at least 4334, received 2000: 50000 processes (processesMax) renew 4 times in a ' +
        'lease of 60000 ms, which makes 3334 messages a second, times 1.3.',
    )
    expect(() => synthesize({ processesMax: 50_000, throttleRatePerSecond: 4_334 })).not.toThrow()
    expect(() => synthesize({ processesMax: 9_000, timing: { leaseMs: 15_000 } })).toThrow('must be at least 3120')
  })

  test.each([0, -1, 1.5, 1_000_001, Number.NaN])('is refused where it is %p', (processesMax) => {
    expect(() => synthesize({ processesMax })).toThrow('processesMax must be an integer from 1 to 1000000')
  })
})

describe('the throttles of routes', () => {
  test('leave to acquires half of what renewals leave over, and give renewals and releases buckets of their own', () => {
    expect(synthesize({ processesMax: 6_000 }).one('Socket/Stage').Properties.RouteSettings).toEqual({
      acquire: settings(600, 500),
      renew: settings(2_000, 1_000),
      release: settings(2_000, 1_000),
      busy: settings(2_000, 1_000),
    })
  })

  test('never close the route of acquires', () => {
    const tight = synthesize({ processesMax: 1, throttleRatePerSecond: 1, throttleBurst: 1 })
    expect(tight.one('Socket/Stage').Properties.RouteSettings.acquire).toEqual(settings(1, 1))
  })

  test('come after their routes, which API Gateway must know', () => {
    const { DependsOn = [] } = synthesize().one('Socket/Stage')
    const paths = DependsOn.map((id) => synthesize().text({ Ref: id })).toSorted()
    expect(paths).toEqual(['acquire', 'busy', 'release', 'renew'].map((type) => `<Socket/Api/${type}-Route>`))
  })
})
