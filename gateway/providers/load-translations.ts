import type { EndpointName } from '../../modules/endpoints.ts'
import type { Provider } from './provider.ts'

/**
 * Loads what translates for these providers, so that no first request waits for it. What cannot be loaded, the
 * request that needs it will say.
 */
export async function loadTranslations(
  providers: Iterable<Provider>,
  endpoints: readonly EndpointName[],
): Promise<void> {
  for (const provider of providers) {
    for (const name of endpoints) {
      const translation = provider.endpoints[name]
      if (translation?.kind === 'lazy') await translation.load().catch(() => undefined)
    }
  }
}
