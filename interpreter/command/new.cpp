// perilune new: a library to begin with, small and whole: it is checked, tested and explored.
#include "interpreter/command/new.h"

#include <array>
#include <filesystem>

#include "interpreter/base/files.h"
#include "interpreter/command/output.h"
#include "interpreter/library/problems.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

struct NewFile {
    const char* path;
    const char* text;
};

constexpr std::array<NewFile, 7> files = {{
    {"perilune.yaml", R"(name: @NAME@
version: 0.1.0
summary: What @NAME@ does when something breaks
)"},
    {"environments/local.yaml",
     R"(# What each target is on this machine. Paths start at the library's folder.
kind: development

targets:
  storage/site: { driver: folder, path: local/site }
  storage/backups: { driver: folder, path: local/backups }
  notify/team: { driver: file, path: local/team.jsonl }
)"},
    {"runbooks/restore-page.lua",
     R"(-- A page of the site is lost or damaged: the newest backup of it is put back.
return runbook {
  summary = "Put the newest backup of a page back",
  objectives = { rto = "10m" },
  targets = {
    ["storage/site"] = { "put" },
    ["storage/backups"] = {},
    ["notify/team"] = { "open", "resolve" },
  },
  parameters = {
    page = { type = "string", default = "index.html", help = "which page" },
  },
  locks = { "site" },
  on_failure = "ask",

  run = function(params)
    local site, backups, team = storage("site"), storage("backups"), notify("team")

    local backup = step("Find the newest backup", function()
      local all = backups:list { prefix = params.page .. "/" }
      ensure(#all > 0, "There is no backup of %s.", params.page)
      return all[#all]
    end)
    team:open { key = "site/" .. params.page, severity = "error",
      summary = params.page .. " is being restored" }

    approve("Put it back?", { detail = ("%s shows the page of %s."):format(backup.key,
      date("%Y-%m-%d %H:%M UTC", backup.modified_at)) })

    local function same(put) return put.digest == backup.digest end
    step("Put it back", { verify = same }, function()
      return site:put { key = params.page, body = backups:get { key = backup.key }.body }
    end)

    step("Tell the team that it is over", function()
      team:resolve { key = "site/" .. params.page, text = "Restored from " .. backup.key }
    end)
    return { backup = backup.key }
  end,
}
)"},
    {"lib/site_world.lua",
     R"(-- The site as tests and explorations find it: two backups, and a page that is damaged.
local M = {}

function M.damaged(w)
  w.storage.backups:put { key = "index.html/2026-01-01", body = "<h1>Old</h1>" }
  w:advance("1d")
  w.storage.backups:put { key = "index.html/2026-01-02", body = "<h1>Good</h1>" }
  w.storage.site:put { key = "index.html", body = "?" }
  return w
end

return M
)"},
    {"tests/restore_page_test.lua", R"(local site_world = require "site_world"

describe("restore-page", function()
  local w
  before_each(function() w = site_world.damaged(world "local") end)

  it("puts the newest backup back", function()
    local run = w:run("restore-page", {}, { answers = { ["Put it back?"] = "approve" } })
    assert.equal("done", run.outcome)
    assert.equal("<h1>Good</h1>", w.storage.site:get { key = "index.html" }.body)
    assert.equal("resolved", w.notify.team.incidents["site/index.html"].state)
  end)

  it("changes no page where a person refuses", function()
    w:run("restore-page", {}, { answers = { ["Put it back?"] = "reject" } })
    assert.equal("?", w.storage.site:get { key = "index.html" }.body)
  end)

  it("tells nobody anything where there is no backup", function()
    local run = w:run("restore-page", { page = "about.html" })
    assert.equal("waits", run.outcome)
    assert.contains("There is no backup of about.html", run.reason)
    assert.same({}, w.sent)
  end)
end)
)"},
    {"explorations/restore_page.lua", R"(local site_world = require "site_world"

return explore {
  runbook = "restore-page",
  world = function() return site_world.damaged(world "local") end,
  answers = { ["Put it back?"] = "approve" },
  finally = {
    ["a run that is done has put the page back"] = function(w, run)
      local page = w.storage.site:get { key = "index.html" }
      return run.outcome ~= "done" or page.body == "<h1>Good</h1>"
    end,
  },
}
)"},
    {"README.md", R"(# @NAME@

- `perilune check` finds what is wrong before anything is executed, `perilune test` executes the
  tests in simulated worlds, `perilune explore` every fault.
- `perilune plan restore-page --environment local` shows what would be done,
  `perilune run restore-page --environment local` does it.
- Production: add `environments/production.yaml` with your real providers
  (`perilune docs drivers`), and try it with `perilune doctor --environment production`.
)"},
}};

std::string filled(std::string text, const std::string& name) {
    constexpr std::string_view mark = "@NAME@";
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
        text.replace(at, mark.size(), name);
    return text;
}

bool is_library_name(const std::string& name) {
    return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

}  // namespace

int execute_new(const Invocation& invocation) {
    const fs::path folder = fs::path(invocation.get("FOLDER")).lexically_normal();
    const std::string name =
        (folder.has_filename() ? folder : folder.parent_path()).filename().string();
    if (!is_library_name(name))
        return report_error(
            invocation,
            fail("bad_argument", in_quotes(name) + " cannot be a library's name: lower-case "
                                                   "letters, digits and -, a letter first."));
    std::error_code code;
    if (fs::exists(folder, code) && !fs::is_empty(folder, code))
        return report_error(
            invocation,
            fail("bad_argument", folder.string() + " is there already, and not empty. Nothing "
                                                   "was written; choose another folder."));
    for (const auto& file : files) {
        const fs::path path = folder / file.path;
        fs::create_directories(path.parent_path(), code);
        if (code)
            return report_error(
                invocation, fail("bad_argument", path.parent_path().string() +
                                                     " cannot be made: " + code.message() + "."));
        if (const auto written = write_file_durably(path.string(), filled(file.text, name));
            !written)
            return report_error(invocation, written.error());
        if (!invocation.json()) put("  " + path.string() + "\n");
    }
    if (invocation.json()) {
        put_json(Value().set("library", name).set("folder", fs::absolute(folder, code).string()));
    } else {
        say("Next: cd " + folder.string() + " && perilune test");
    }
    return exit_done;
}

}  // namespace perilune
