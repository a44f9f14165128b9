-- Random numbers that a text decides: xoshiro128** (Blackman and Vigna, 2018) on 32-bit words.
local M = {}

local band, bxor, lshift, rol, rshift, tobit =
  bit.band, bit.bxor, bit.lshift, bit.rol, bit.rshift, bit.tobit

-- The low 32 bits of a product; a double alone would lose them.
local function multiply(left, right)
  local low, high = band(left, 0xffff), rshift(left, 16)
  return tobit(low * right + lshift(tobit(high * band(right, 0xffff)), 16))
end

-- Four words of the text: FNV-1a from four beginnings, each finished as in MurmurHash3.
local function seed_words(text)
  local words = {}
  for index = 1, 4 do
    local word = bxor(0x811c9dc5, multiply(index, 0x9e3779b1))
    for at = 1, #text do word = multiply(bxor(word, text:byte(at)), 0x01000193) end
    word = multiply(bxor(word, rshift(word, 16)), 0x85ebca6b)
    word = multiply(bxor(word, rshift(word, 13)), 0xc2b2ae35)
    words[index] = bxor(word, rshift(word, 16))
  end
  if words[1] == 0 and words[2] == 0 and words[3] == 0 and words[4] == 0 then words[1] = 1 end
  return words
end

local function check_whole(value, position)
  local number = tonumber(value)
  if not number or number ~= math.floor(number) or math.abs(number) > 2 ^ 53 then
    error(("bad argument #%d to 'random' (whole number expected)"):format(position), 3)
  end
  return number
end

---A generator with the signature of Lua's own math.random: (), (m) or (m, n).
---@param seed_text string
---@return fun(m?: integer, n?: integer): number
function M.make(seed_text)
  local words = seed_words(seed_text)
  local s0, s1, s2, s3 = words[1], words[2], words[3], words[4]
  local function next_word()
    local result = tobit(rol(tobit(s1 * 5), 7) * 9)
    local shifted = lshift(s1, 9)
    s2, s3 = bxor(s2, s0), bxor(s3, s1)
    s1, s0 = bxor(s1, s2), bxor(s0, s3)
    s2, s3 = bxor(s2, shifted), rol(s3, 11)
    return result
  end
  return function(m, n)
    local number = (rshift(next_word(), 5) * 2 ^ 26 + rshift(next_word(), 6)) / 2 ^ 53
    if m == nil then return number end
    local first = n == nil and 1 or check_whole(m, 1)
    local last = n == nil and check_whole(m, 1) or check_whole(n, 2)
    if last < first then
      error(("bad argument #%d to 'random' (interval is empty)"):format(n == nil and 1 or 2), 2)
    end
    return first + math.floor(number * (last - first + 1))
  end
end

return M
