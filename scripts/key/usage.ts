/** What `npm run key` can be asked. */
export const usage = `npm run key -- new        makes a key, and shows it once
            -- list       keys, by team, user and state
            -- info       one key: what it may do, what it has spent
            -- update     changes what is named; --budget none takes the budget away
            -- replace    another key in place of one; --grace 1h lets the old one live so long
            -- delete, block, unblock
            -- salt, rotate-salt    what hangs on which salt key; seals stored models anew
            -- team new | list | info | update | delete | block | unblock | add | remove

A key is named by itself, its token, or its name. Several may follow delete, block and unblock.

  --name text            what people call it
  --team id              a team; a new key's team is made where there is none
  --user id              whose it is; with team add and remove: who
  --budget 5usd/month    dollars for good, or per hour, day, week, month, 12h, 30d; none
  --soft-budget 4usd     warns from there on
  --rpm n, --tpm n       requests and tokens a minute; --rpd n, --tpd n a day; --parallel n at once
  --models 'gpt-*,qwen'  only these models; --modules llm,embeddings only on these modules
  --expires 30d          ends by itself; never
  --tags a,b             stand with each of its requests
  --role admin           with team add: may manage the team
  --state active         with list: active, expired, revoked or deleted; --page n

  --url http://…         the gateway to ask; else the first module of modules/ that answers on this machine
  --module llm           the module to ask, and whose master key of .env is used
  --master-key-file f    the file in which the master key stands
  --json                 the answer as it came`
