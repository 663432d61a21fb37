import type { FaultList } from './fault-list.ts'
import type { RouterSettings } from './module.ts'
import { tableOf } from './table.ts'

type Alias = RouterSettings['aliases'][string]
type Written = string | readonly string[] | { readonly model: string; readonly hidden?: boolean }

/** Further names of models; one that stands for nothing is an error. */
export function readAliases(
  written: Readonly<Record<string, Written>>,
  faults: FaultList,
): RouterSettings['aliases'] {
  const aliases: [string, Alias][] = []
  for (const [name, target] of Object.entries(written)) {
    const alias = readAlias(target)
    if (alias.models.length > 0) aliases.push([name, alias])
    else {
      const path = ['router_settings', 'model_group_alias', name]
      faults.error(path, 'expected a model name, found an empty list')
    }
  }
  return tableOf(aliases)
}

function readAlias(target: Written): Alias {
  if (typeof target === 'string') return { models: [target], isHidden: false }
  if ('model' in target) return { models: [target.model], isHidden: target.hidden ?? false }
  return { models: [...new Set(target)], isHidden: false }
}
