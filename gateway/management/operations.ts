import type { Right } from './actor.ts'
import type { Answer, Ask } from './ask.ts'
import {
  budgetInfo,
  budgetSettings,
  deleteBudget,
  listBudgets,
  newBudget,
  updateBudget,
} from './budgets.ts'
import { blockKey, bulkUpdateKeys, deleteKeys, updateKey } from './change-keys.ts'
import {
  blockCustomers,
  customerInfo,
  deleteCustomers,
  listCustomers,
  newCustomer,
  updateCustomer,
} from './customers.ts'
import { generateKey, generateServiceAccount } from './make-key.ts'
import type { ManagementPath } from './paths.ts'
import { keyHealth, keyInfoOf, keyInfos, listAliases, listKeys } from './read-keys.ts'
import { listTeamPage, listTeams, teamInfo } from './read-teams.ts'
import { memberAdd, memberDelete, memberUpdate } from './team-members.ts'
import { blockTeam, changeModels, deleteTeams, newTeam, updateTeam } from './teams.ts'
import { regenerateKey, resetSpend } from './replace-key.ts'
import { deleteUsers, listUsers, newUser, updateUser, userInfo } from './users.ts'

interface Operation {
  readonly right: Right
  readonly run: (ask: Ask) => Promise<Answer>
}

/** What is done at each path, and who is let in. */
export const operations: Readonly<Record<ManagementPath, Operation>> = {
  'POST /key/generate': { right: 'change-team', run: generateKey },
  'POST /key/service-account/generate': { right: 'change-team', run: generateServiceAccount },
  'GET /key/info': { right: 'read-self', run: keyInfoOf },
  'POST /v2/key/info': { right: 'read-self', run: keyInfos },
  'POST /key/update': { right: 'change-team', run: updateKey },
  'POST /key/bulk_update': { right: 'change-team', run: bulkUpdateKeys },
  'POST /key/delete': { right: 'change-team', run: deleteKeys },
  'GET /key/list': { right: 'read-team', run: listKeys },
  'GET /key/aliases': { right: 'read-team', run: listAliases },
  'POST /key/regenerate': { right: 'change-team', run: regenerateKey },
  'POST /key/:key/regenerate': { right: 'change-team', run: regenerateKey },
  'POST /key/:key/reset_spend': { right: 'change-team', run: resetSpend },
  'POST /key/block': { right: 'change-team', run: blockKey(true) },
  'POST /key/unblock': { right: 'change-team', run: blockKey(false) },
  'POST /key/health': { right: 'read-self', run: keyHealth },
  'POST /team/new': { right: 'change', run: newTeam },
  'GET /team/info': { right: 'read-team', run: teamInfo },
  'GET /team/list': { right: 'read-team', run: listTeams },
  'GET /v2/team/list': { right: 'read-team', run: listTeamPage },
  'POST /team/update': { right: 'change-team', run: updateTeam },
  'POST /team/delete': { right: 'change', run: deleteTeams },
  'POST /team/block': { right: 'change', run: blockTeam(true) },
  'POST /team/unblock': { right: 'change', run: blockTeam(false) },
  'POST /team/member_add': { right: 'change-team', run: memberAdd },
  'POST /team/member_update': { right: 'change-team', run: memberUpdate },
  'POST /team/member_delete': { right: 'change-team', run: memberDelete },
  'POST /team/model/add': { right: 'change', run: changeModels('add') },
  'POST /team/model/delete': { right: 'change', run: changeModels('delete') },
  'POST /user/new': { right: 'change', run: newUser },
  'GET /user/info': { right: 'read-self', run: userInfo },
  'GET /user/list': { right: 'read', run: listUsers },
  'POST /user/update': { right: 'change', run: updateUser },
  'POST /user/delete': { right: 'change', run: deleteUsers },
  'POST /budget/new': { right: 'change', run: newBudget },
  'POST /budget/update': { right: 'change', run: updateBudget },
  'POST /budget/info': { right: 'read', run: budgetInfo },
  'POST /budget/delete': { right: 'change', run: deleteBudget },
  'GET /budget/list': { right: 'read', run: listBudgets },
  'GET /budget/settings': { right: 'read', run: budgetSettings },
  'POST /customer/new': { right: 'change', run: newCustomer },
  'GET /customer/info': { right: 'read', run: customerInfo },
  'GET /customer/list': { right: 'read', run: listCustomers },
  'POST /customer/update': { right: 'change', run: updateCustomer },
  'POST /customer/delete': { right: 'change', run: deleteCustomers },
  'POST /customer/block': { right: 'change', run: blockCustomers(true) },
  'POST /customer/unblock': { right: 'change', run: blockCustomers(false) },
}
