"""The Lua scripts of a code's history: each runs as one, so nobody sees a base without its tail."""
from cache.connection import Script

_SHARED = """
local SIZE, RELOAD, TAIL_RECORDS = 32, 1800, 32
local function revision(base) return #base >= 4 and struct.unpack('<I4', base) or 0 end
local function key(r) return string.sub(r, 9, 24) end
local function is_folded(r) return string.byte(r, 1) ~= 0 end
local function last_visit(r) return (struct.unpack('<I4', r, 29)) end
local function split(tail)
  local all = {}
  for i = 1, #tail - SIZE + 1, SIZE do all[#all + 1] = string.sub(tail, i, i + SIZE - 1) end
  return all
end
"""

# KEYS: bucket, tail [, v]. ARGV: field, record, now s, note, blind, ttl, gap, field of the ledger, field that says the
# bucket is whole. -> base, tail, own, ledger, newborn, registry, born, shipped, told
OBSERVE = Script(_SHARED + """
local note, blind = ARGV[4] == '1', ARGV[5] == '1'
local newborn, registry, born, shipped, told = 0
if KEYS[3] then
  local v = redis.call('HMGET', KEYS[3], 'registry', 'born', 'shipped', 'told')
  registry, born, shipped, told = v[1], v[2], v[3], v[4]
  if not born or (ARGV[7] ~= '0' and tonumber(ARGV[7]) >= tonumber(born)) then
    if not born then newborn = 1 end
    local time = redis.call('TIME')
    born = time[1] .. string.format('%06d', time[2])
    redis.call('HSET', KEYS[3], 'born', born)
  end
end
local held = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[8], ARGV[9])
local base, ledger = held[1], held[2]
if held[3] then base = base or '' end
if base == '' then ledger = ledger or '' end
if not blind and (not base or not ledger) then
  return {false, '', false, false, newborn, registry, born, shipped, told}
end
-- Nearly every scan is the only one of its code within the hour: then this one call has noted it.
local tail = note and redis.call('SET', KEYS[2], ARGV[2], 'NX', 'GET', 'EX', ARGV[6])
  or not note and redis.call('GET', KEYS[2])
if not tail then
  return {base, '', false, ledger, newborn, registry, born, shipped, told}
end
local now = tonumber(ARGV[3])
local visits = split(tail)
local device = string.sub(ARGV[2], 17, 24)
for i = #visits, 1, -1 do
  local r = visits[i]
  local age = now - last_visit(r)
  if string.sub(r, 17, 24) == device and age < RELOAD and age > -RELOAD then
    if note and age > 0 then
      visits[i] = string.sub(r, 1, 28) .. struct.pack('<I4', now)
      redis.call('SET', KEYS[2], table.concat(visits), 'EX', ARGV[6])
    end
    return {base, tail, r, ledger, newborn, registry, born, shipped, told}
  end
end
if note then
  local kept = {}
  for _, r in ipairs(visits) do
    if not is_folded(r) or now - last_visit(r) < RELOAD then kept[#kept + 1] = r end
  end
  if #kept >= TAIL_RECORDS then
    for i, r in ipairs(kept) do
      if is_folded(r) then table.remove(kept, i); break end
    end
  end
  -- All waiting for the worker: a code under a storm. Its page lags by one round of the worker; the scan is kept.
  if #kept < TAIL_RECORDS then
    kept[#kept + 1] = ARGV[2]
    redis.call('SET', KEYS[2], table.concat(kept), 'EX', ARGV[6])
  end
end
return {base, tail, false, ledger, newborn, registry, born, shipped, told}
""")

# KEYS: bucket, tail. ARGV: field, base, now s, keys of folded records, lost before s, ttl waiting, ttl folded, the
# database's tail. A base is never put without the visits it was folded from: a reload would be taken for a new one.
SETTLE = Script(_SHARED + """
local base = redis.call('HGET', KEYS[1], ARGV[1])
if not base or revision(base) < revision(ARGV[2]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
local now, lost, kept, waiting, here, done = tonumber(ARGV[3]), tonumber(ARGV[5]), {}, false, {}, {}
for i = 1, #ARGV[4], 16 do done[string.sub(ARGV[4], i, i + 15)] = true end
local folded = split(ARGV[8])
for _, r in ipairs(folded) do done[key(r)] = true end
local visits = split(redis.call('GET', KEYS[2]) or '')
for _, r in ipairs(visits) do here[key(r)] = true end
for _, r in ipairs(folded) do
  if not here[key(r)] and #visits + #kept < TAIL_RECORDS and now - last_visit(r) < RELOAD then kept[#kept + 1] = r end
end
for _, r in ipairs(visits) do
  if done[key(r)] then r = '\\1' .. string.sub(r, 2) end
  if is_folded(r) then
    if now - last_visit(r) < RELOAD then kept[#kept + 1] = r end
  elseif struct.unpack('<I8', r, 9) / 1000000 >= lost then
    kept[#kept + 1] = r; waiting = true
  end
end
if #kept > 0 then redis.call('SET', KEYS[2], table.concat(kept), 'EX', waiting and ARGV[6] or ARGV[7])
elseif #visits > 0 then redis.call('DEL', KEYS[2]) end
""")

# KEYS: v. ARGV: learned to, name of what is open, the share's field, then the fields of all shares. Once each has told,
# all of them together are one field, which every scan reads.
TELL = Script("""
redis.call('HSET', KEYS[1], ARGV[3], ARGV[1] .. ' ' .. ARGV[2])
local learned, opened = {}, {}
for _, told in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV, 4))) do
  if not told then return end
  local space = string.find(told, ' ', 1, true)
  learned[#learned + 1], opened[#opened + 1] = string.sub(told, 1, space - 1), string.sub(told, space + 1)
end
redis.call('HSET', KEYS[1], 'told', table.concat(learned, ',') .. ' ' .. table.concat(opened))
""")
