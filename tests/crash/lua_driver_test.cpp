// A change of a driver in Lua that takes two requests, killed at every moment: each is sent once.
#include <map>
#include <mutex>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/crash/crash_rig.h"
#include "tests/support/http_server.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr const char* driver = R"(
local function is_there(call, path)
  return http.get({ url = call.settings.url, path = path, accept = { 404 } }).status == 200
end

local function observe() return 0 end

local function send_both(arguments, _, call)
  for _, which in ipairs { "/first/", "/second/" } do
    part(which, function()
      local path = which .. arguments.name
      if not is_there(call, path) then http.post { url = call.settings.url, path = path } end
      return path
    end)
  end
  return { name = arguments.name }
end

local function look(arguments, _, call)
  if is_there(call, "/second/" .. arguments.name) then
    return "happened", { name = arguments.name }
  end
  return "did_not", "the second is not there"
end

local operations = { sample = { observe = observe }, count = { observe = observe } }
for _, name in ipairs { "again", "keyed", "looked", "left", "asked", "set", "unset" } do
  operations[name] = { before = function() return {} end, act = send_both, look = look }
end

return {
  family = "counting", name = "remote", doc = "Counts at a server.", hosts = { "{url}" },
  settings = { { name = "url", doc = "The server." } },
  operations = operations,
}
)";

// A service that keeps what was posted and counts how often.
class Service {
public:
    Service() {
        server.answer([this](const ServedRequest& request) {
            const std::lock_guard lock(mutex_);
            Reply reply;
            if (request.method == "POST") {
                ++posted_[request.target];
                reply.status = 201;
            } else if (!posted_.contains(request.target)) {
                reply.status = 404;
            }
            return reply;
        });
    }
    std::map<std::string, int> posted() {
        const std::lock_guard lock(mutex_);
        return posted_;
    }
    HttpServer server;

private:
    std::mutex mutex_;
    std::map<std::string, int> posted_;
};

void lay_out(const CrashWorld& world, const Service& service) {
    world.write("library/drivers/counting/remote.lua", driver);
    world.write("library/environments/here.yaml",
                "kind: development\ntargets:\n  counting/shop: { driver: remote, url: \"" +
                    service.server.url() +
                    "\" }\n  http/site: { driver: http, url: \"http://127.0.0.1:9\" }\n");
    world.body("step(\"Both\", function() shop:looked { name = \"one\" } end)");
}

std::string killed_and_resumed(int moment) {
    Service service;
    CrashWorld world;
    lay_out(world, service);
    Executed ended = world.start({.number = moment});
    // Another thread may pass one moment less than it did when they were counted.
    if (!ended.killed() && ended.code != 0)
        return "It ended with " + std::to_string(ended.code) + ended.output + ended.errors;
    if (!world.has_run()) {
        if (!service.posted().empty()) return "Something was sent before the run was durable.";
        return "";
    }
    if (world.row().state != "ended") ended = world.resume();
    if (!ended.killed() && ended.code != 0)
        return "It ended with " + std::to_string(ended.code) + ended.output;
    const std::map<std::string, int> once = {{"/first/one", 1}, {"/second/one", 1}};
    if (service.posted() != once) return "Something was not sent exactly once.";
    return world.broken();
}

}  // namespace

TEST_CASE("a_change_in_parts_is_sent_once_wherever_the_host_dies") {
    int moments = 0;
    {
        Service service;
        CrashWorld world;
        lay_out(world, service);
        moments = world.count_moments();
        CHECK(world.count("part") == 2);
        CHECK(world.last("end")["outcome"].text() == "done");
    }
    REQUIRE(moments > 10);
    CHECK(for_each_at_once(moments, [](int moment) {
              const std::string problem = killed_and_resumed(moment);
              return problem.empty() ? "" : std::to_string(moment) + ": " + problem;
          }) == "");
}

TEST_CASE("a_run_goes_on_with_the_driver_it_began_with") {
    Service service;
    CrashWorld world;
    lay_out(world, service);
    world.body(
        "approve(\"Go on?\")\nstep(\"Both\", function() shop:looked { name = \"one\" } end)");
    CHECK(world.start().code == 3);
    world.write("library/drivers/counting/remote.lua", "return 5");
    world.perilune("approve case --no-input --json");
    CHECK(world.resume().code == 0);
    CHECK(service.posted().size() == 2);
}
