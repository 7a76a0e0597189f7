-- Every request is a scan of its own: the next code, from the next phone on the next network.
-- CODES: a file, one code a line; without it the path is "/" (the yardsticks get the same headers as a scan).
-- START: where in the sequence this run begins. HEADERS: "json" asks for JSON.
local codes, n = {""}, 1
if os.getenv("CODES") then
  n = 0
  for line in io.lines(os.getenv("CODES")) do n = n + 1; codes[n] = line end
end
local at = tonumber(os.getenv("START") or "0")
local accept = os.getenv("HEADERS") == "json" and "application/json" or "text/html,application/xhtml+xml"
local tail = " HTTP/1.1\r\nHost: " .. (os.getenv("HOST_HEADER") or "127.0.0.1")
  .. "\r\nAccept: " .. accept .. "\r\nAccept-Language: zh-CN,zh;q=0.9\r\n"
  .. "User-Agent: Mozilla/5.0 (Linux; Android 14; V2314A) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 "
  .. "MicroMessenger/8.0.47 NetType/WIFI Language/zh_CN\r\nX-Forwarded-For: "
request = function()
  at = at + 1
  local net = at * 7919 % 4194304
  return "GET /" .. codes[at % n + 1] .. tail .. (11 + math.floor(net / 65536)) .. "." .. (math.floor(net / 256) % 256) .. "."
    .. (net % 256) .. ".9\r\n\r\n"
end
