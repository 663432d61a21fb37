/** What everything that the tests make is labelled with. */
export const madeBy = { 'colonnade/made-by': 'test-cluster' } as const
