import { addBudget, findBudgets, listBudgets, removeBudget, updateBudget } from './budgets.ts'
import {
  addCustomer,
  blockCustomers,
  findCustomers,
  listCustomers,
  removeCustomers,
  updateCustomer,
} from './customers.ts'
import { findWindowSpend, setWindowSpend } from './counter-spend.ts'
import { keyOrders, listAliases, listDeletedKeys, listKeys } from './key-lists.ts'
import { addKey, findKeys, removeKeys, updateKey } from './keys.ts'
import { addMember, findMembers, removeMembers, updateMember } from './members.ts'
import { refuseConflict } from './name-conflicts.ts'
import { statement, type Queries } from './row-text.ts'
import { findSpend } from './spend-sums.ts'
import { addTeam, findTeams, listTeams, removeTeams, teamOrders, updateTeam } from './teams.ts'
import { addUser, findUsers, listUsers, removeUsers, updateUser, userOrders } from './users.ts'

/** Keys, teams, users, budgets and customers, as one transaction sees and changes them. */
export type Accounts = ReturnType<typeof accountsOf>

/** The statements about accounts, all run by one client. */
export function accountsOf(queries: Queries, saltId: string | undefined) {
  return {
    apart: apart.bind(null, queries),
    keys: {
      orders: keyOrders,
      add: addKey.bind(null, queries, saltId),
      update: updateKey.bind(null, queries),
      find: findKeys.bind(null, queries),
      list: listKeys.bind(null, queries),
      listDeleted: listDeletedKeys.bind(null, queries),
      listAliases: listAliases.bind(null, queries),
      remove: removeKeys.bind(null, queries),
    },
    teams: {
      orders: teamOrders,
      add: addTeam.bind(null, queries),
      update: updateTeam.bind(null, queries),
      find: findTeams.bind(null, queries),
      list: listTeams.bind(null, queries),
      remove: removeTeams.bind(null, queries),
    },
    members: {
      add: addMember.bind(null, queries),
      update: updateMember.bind(null, queries),
      find: findMembers.bind(null, queries),
      remove: removeMembers.bind(null, queries),
    },
    users: {
      orders: userOrders,
      add: addUser.bind(null, queries),
      update: updateUser.bind(null, queries),
      find: findUsers.bind(null, queries),
      list: listUsers.bind(null, queries),
      remove: removeUsers.bind(null, queries),
    },
    budgets: {
      add: addBudget.bind(null, queries),
      update: updateBudget.bind(null, queries),
      find: findBudgets.bind(null, queries),
      list: listBudgets.bind(null, queries),
      remove: removeBudget.bind(null, queries),
    },
    customers: {
      add: addCustomer.bind(null, queries),
      update: updateCustomer.bind(null, queries),
      find: findCustomers.bind(null, queries),
      list: listCustomers.bind(null, queries),
      block: blockCustomers.bind(null, queries),
      remove: removeCustomers.bind(null, queries),
    },
    spend: {
      of: findSpend.bind(null, queries),
      ofWindows: findWindowSpend.bind(null, queries),
      setWindows: setWindowSpend.bind(null, queries),
    },
  }
}

/** Does a part of a transaction's work: what fails of it is undone, and the rest stands. */
async function apart<T>(queries: Queries, work: () => Promise<T>): Promise<T> {
  await queries.query(statement('savepoint apart'))
  try {
    const result = await work()
    await queries.query(statement('release savepoint apart'))
    return result
  } catch (error) {
    await queries.query(statement('rollback to savepoint apart'))
    return refuseConflict(error)
  }
}
