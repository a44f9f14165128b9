-- Photos and their copies. A photo is written once, so one that has changed in place is damaged.
local M = {}

---What stands under this prefix; the whole bucket's photos.
M.prefix = "photos/"

---Photos that are gone or not what their copies are, and those that have no copy yet.
---@return table { gone, changed, young, same } Lists of keys, and a count.
function M.look(photos, copies, prefix)
  local found = photos:compare { with = copies, prefix = prefix }
  return { gone = found.missing, changed = found.different, young = found.extra,
    same = found.same }
end

---Of the photos without a copy, those that were written over after `bad_at`.
function M.overwritten(photos, young, bad_at)
  local keys = {}
  for _, key in ipairs(young) do
    local object = photos:head { key = key }
    if object and object.modified_at >= bad_at
      and #photos:versions { key = key, before = bad_at } > 0 then
      keys[#keys + 1] = key
    end
  end
  return keys
end

-- Of more photos than this the versions would be too long an answer.
local versions_at_most = 20000

---Photos that were there at `bad_at` and were deleted after it; nil where nobody can look, since
---`count` photos are too many.
function M.deleted(photos, prefix, bad_at, count)
  if count > versions_at_most then return nil end
  local keys, newest, state = {}, {}, {}
  for _, one in ipairs(photos:versions { prefix = prefix }) do
    newest[one.key] = newest[one.key] or one
    if one.modified_at < bad_at then state[one.key] = state[one.key] or one end
  end
  for key, one in pairs(newest) do
    local lost = one.deleted and one.modified_at >= bad_at
    if lost and state[key] and not state[key].deleted then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

---All keys of several lists, in order and each once.
function M.joined(...)
  local keys, seen = {}, {}
  for _, list in ipairs { ... } do
    for _, key in ipairs(list) do
      if not seen[key] then keys[#keys + 1] = key end
      seen[key] = true
    end
  end
  table.sort(keys)
  return keys
end

---Raises where one of these is not there.
function M.ensure_there(photos, keys)
  local missing = {}
  each(keys, { at_once = 8 }, function(key)
    if not photos:head { key = key } then missing[#missing + 1] = key end
  end)
  ensure(#missing == 0, "%d photos that have no copy are still gone, such as %s.", #missing,
    tostring(missing[1]))
end

---Raises where copies would take damage over: more photos changed in place than `most`.
function M.ensure_copies_stay_good(photos, copies, prefix, most)
  local found = M.look(photos, copies, prefix)
  ensure(#found.changed <= most, "%d photos are not what their copies are, such as %s. Photos are "
    .. "written once: that is damage, and nothing is copied over the good ones. Start "
    .. "bucket-corrupted.", #found.changed, tostring(found.changed[1]))
  return found
end

return M
