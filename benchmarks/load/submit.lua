-- Posts a form again and again as many people would: every sending with a phone number, a key and an address of its own.
-- From the environment: PATH_TO, COOKIE, BODY (with {n} for eight digits that never come twice and {uuid} for a key), and COUNTS, a file for what was answered.
local path, cookie, body = os.getenv("PATH_TO"), os.getenv("COOKIE"), os.getenv("BODY")
local n = tonumber(os.getenv("FIRST"))
good, bad, sample = 0, 0, ""

request = function()
  n = n + 1
  local digits = string.format("%08d", n)
  local uuid = string.format("00000000-0000-4000-8000-%012d", n)
  local address = string.format("10.%d.%d.%d", math.floor(n / 65536) % 256, math.floor(n / 256) % 256, n % 256)
  local text = body:gsub("{n}", digits):gsub("{uuid}", uuid)
  return wrk.format("POST", path, {
    ["Host"] = wrk.host .. ":" .. wrk.port, ["Content-Type"] = "application/x-www-form-urlencoded", ["Cookie"] = cookie, ["X-Real-IP"] = address,
  }, text)
end

response = function(status, headers, answer)
  if status == 302 then good = good + 1 else bad = bad + 1; sample = status .. " " .. answer:sub(1, 300) end
end

local threads = {}
setup = function(thread) table.insert(threads, thread) end

done = function()
  local file = io.open(os.getenv("COUNTS"), "a")
  for _, thread in ipairs(threads) do
    file:write(thread:get("good"), " ", thread:get("bad"), " ", (thread:get("sample"):gsub("%s+", " ")), "\n")
  end
  file:close()
end
