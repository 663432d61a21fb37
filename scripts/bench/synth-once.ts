import { readFleet } from '../../infra/fleet.ts'
import { synthesise } from '../../infra/synthesise.ts'

/** Reads and synthesises the fleet of one folder in a process of its own, and tells what that took. */
const before = process.cpuUsage()
const { modules, platform } = readFleet(process.argv[2] ?? '.')
const files = synthesise({ modules, platform, image: `${platform.image}:bench` })
const { user, system } = process.cpuUsage(before)
process.stdout.write(
  JSON.stringify({
    modules: modules.length,
    files: files.size,
    cpuSeconds: (user + system) / 1e6,
    // Kilobytes on every platform.
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  }),
)
