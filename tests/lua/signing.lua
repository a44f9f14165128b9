-- People with SSH keys of their own: what the cases of signed approvals work with.
local rig = require("rig")
local M = {}

local function must(command)
  local told, code = rig.shell(command .. " 2>&1")
  if code ~= 0 then error(command .. "\n" .. told, 0) end
  return told
end

---Makes the key `keys/NAME` and returns the line of its public half.
function M.key(w, name, more)
  must("mkdir -p " .. rig.quoted(w.folder .. "/keys"))
  local path = w.folder .. "/keys/" .. name
  must(("ssh-keygen -q %s -C %s -f %s"):format(more or "-t ed25519 -N ''", name,
    rig.quoted(path)))
  return (w:read("keys/" .. name .. ".pub"):gsub("%s+$", ""))
end

local default_roles = { anna = "lead", ben = "lead", carl = "lead", dora = "clerk" }

---A people.yaml in which each of the names has a key and a role; `more` are further lines of it.
function M.people(w, names, more)
  local lines = { "people:" }
  for _, name in ipairs(names) do
    lines[#lines + 1] = ("  %s: { roles: [%s], keys: [\"%s\"] }"):format(name,
      default_roles[name] or "lead", M.key(w, name))
  end
  w:file("library/people.yaml", table.concat(lines, "\n") .. "\n" .. (more or ""))
end

---An environment whose policy has this rule for the role lead.
function M.policy(w, rule)
  w:environment(w:default_environment()
    .. "policy:\n  plan: \"off\"\n  approvals: { lead: " .. rule .. " }\n")
end

---`--key` of this person's key.
function M.by(name) return " --key @W@/keys/" .. name .. " " end

---Statements against the state's file, past the program.
function M.rewrite(w, sql)
  local told, code = rig.shell(("sqlite3 %s %s 2>&1"):format(
    rig.quoted(w.folder .. "/state/state.db"), rig.quoted(sql)))
  w:equal(0, code, "The exit code of sqlite3: " .. told)
end

M.asking = [[
    approve("Go on?", { role = "lead", detail = "Nothing is lost." })
    storage("box"):put { key = "a", body = "1" }
]]

---A run of four people's library, started by one of them, that waits for an approval.
function M.asked(w, rule, starter, more)
  M.people(w, { "anna", "ben", "carl", "dora" }, more)
  M.policy(w, rule or "{ from: [lead], not_starter: yes }")
  w:body(M.asking)
  w:run(M.by(starter or "anna")):exits(3)
end

---A command that was kept for the run is taken, and refused with these words, once it is resumed.
function M.refused(w, words)
  w:resume():exits(3):says("was not taken"):says(words)
  w:equal(0, w:count("kind='answer'"), "Answers")
  w:equal("", w:objects(), "The box")
end

-- Writes the journal anew with one record changed: every hash is right, and so is the run's row.
local forger = [[
import hashlib, json, sqlite3, sys
path, kind, script = sys.argv[1:4]
db = sqlite3.connect(path)
head = b""
for pos, body in db.execute("select pos, body from record where run = 1 order by pos").fetchall():
    record = json.loads(body)
    if record["kind"] == kind:
        exec(script)
        body = json.dumps(record, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    head = hashlib.sha256(head + body.encode()).digest()
    db.execute("update record set body = ?, hash = ? where pos = ?", (body, head, pos))
db.execute("update run set head = ? where no = 1", (head,))
db.commit()
]]

---Changes the records of this kind by a line of Python, past the program.
function M.forge(w, kind, script)
  w:file("forge.py", forger)
  must(("python3 %s %s %s %s"):format(rig.quoted(w.folder .. "/forge.py"),
    rig.quoted(w.folder .. "/state/state.db"), kind, rig.quoted(script)))
end

---An environment whose http/site answers a POST so that nobody knows what it did.
function M.doubtful_site(w)
  local server = w.folder .. "/server"
  rig.shell("mkdir " .. rig.quoted(server))
  os.execute(("setsid luajit %s %s &"):format(rig.quoted((arg[0]:gsub("[^/]*$", ""))
    .. "redirecting.lua"), rig.quoted(server)))
  rig.wait(function() return (rig.read(server .. "/port") or ""):find("\n") end, "the server")
  w:environment("kind: development\ntargets:\n  http/site: { driver: http, url: \"http://127.0.0.1:"
    .. rig.read(server .. "/port"):match("%d+") .. "\" }\n")
  w:book [[
return runbook {
  summary = "A case",
  targets = { ["http/site"] = { "post" } },
  run = function() return { said = http("site"):post { path = "/there", body = "x" }.said } end,
}
]]
  return function() rig.shell("kill " .. rig.read(server .. "/pid")) end
end

M.must = must
return M
