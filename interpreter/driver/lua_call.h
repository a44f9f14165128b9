// One call of a Lua driver's function: serves what it asks for, and keeps account of what it sent.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "interpreter/driver/driver_request.h"
#include "interpreter/driver/driver_worker.h"
#include "interpreter/driver/request_gate.h"

namespace perilune {

// What the calls of one target share.
struct LuaDriver {
    LuaDriver(Services& services, const std::string& program, const DriverScript& from,
              DriverReach reached, int requests_at_once, double requests_a_second)
        : loop(services.loop),
          client(*services.http),
          reach(std::move(reached)),
          gate(services.loop, requests_at_once, requests_a_second),
          keep_secret(services.keep_secret),
          worker(services.loop, program, from, reach.settings) {}

    Loop& loop;
    HttpClient& client;
    DriverReach reach;
    RequestGate gate;
    KeepSecret keep_secret;
    DriverWorker worker;
};

struct CallEnd {
    List results;                // What the function returned.
    std::optional<Error> error;  // What it raised, or why its worker died.
    bool died = false;
    bool maybe = false;    // A changing request was sent, and what became of it is not known.
    bool changed = false;  // A changing request was executed, by this try or an earlier one's part.
    bool loose = false;    // One of these was in no part, so another try would send it again.
};

enum class MayChange { no, once, again };

class LuaCall final : public CallListener, public std::enable_shared_from_this<LuaCall> {
public:
    // `again` where the operation's own meaning allows a request to be sent twice.
    LuaCall(std::shared_ptr<LuaDriver> driver, Call& call, MayChange may_change)
        : driver_(std::move(driver)),
          call_(call),
          may_change_(may_change),
          end_{.changed = !call.parts.empty()} {}

    Leaf<bool> perform(std::string_view phase, Value given);
    CallEnd& end() { return end_; }

    void on_ask(std::int64_t k, const std::string& kind, const Value& data) override;
    void on_done(List results) override;
    void on_failed(Error raised) override;
    void on_death(const std::string& why) override;

private:
    using Answer = Awaitable<Result<Value>>;
    static Answer serve(std::shared_ptr<LuaCall> self, std::string kind, Value data);
    static Answer exchange(std::shared_ptr<LuaCall> self, Value asked);
    static Answer keep_part(std::shared_ptr<LuaCall> self, Value part);
    Leaf<bool> rest(double seconds);
    Status may_send_change();
    Result<Value> take(const DriverRequest& request, Result<HttpAnswer> answer);
    void finish();

    std::shared_ptr<LuaDriver> driver_;
    Call& call_;
    MayChange may_change_;
    CallEnd end_;
    std::function<void()> resume_;
    std::uint64_t id_ = 0;
    bool serving_ = false;
    bool in_part_ = false;
    int sent_ = 0;  // Changing requests of the open part, or outside of any.
};

}  // namespace perilune
