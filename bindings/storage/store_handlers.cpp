#include "bindings/storage/store_handlers.h"

#include <limits>

#include "interpreter/base/digest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Result<Value> observe_off_loop(const std::function<Result<Value>(Call&, ObjectPort&)>& observe,
                               Call& call, const Port& port) {
    if (!port) return port.error();
    return observe(call, **port);
}

}  // namespace

Value object_state(const std::string& key, const std::optional<Version>& version) {
    Value state;
    state.set("key", key);
    if (!version) return state.set("absent", true);
    state.set("version", version->id).set("digest", version->digest);
    return state.set("content_type", version->content_type);
}

Result<Value> many_state(const ObjectStore& store, const std::string& prefix, const List& keys) {
    std::vector<Version> versions;
    if (keys.empty()) {
        auto listed = store.list(prefix, "", std::numeric_limits<std::size_t>::max());
        if (!listed) return listed.error();
        versions = std::move(*listed);
    }
    for (const auto& key : keys) {
        auto found = store.current(key.text());
        if (!found) return found.error();
        if (*found) versions.push_back(std::move(**found));
    }
    Digest digest;
    for (const auto& version : versions)
        digest.add(version.key + '\0' + version.digest + '\0' + version.content_type + '\0');
    Value state;
    state.set("objects", static_cast<double>(versions.size()));
    return state.set("digest", to_hex(digest.finish()));
}

Port port_of(const StorePlace& place, const std::string& target) {
    if (target.empty()) return place.objects;
    Driver* driver = place.services->driver_of ? place.services->driver_of(target) : nullptr;
    if (!driver || !driver->objects)
        return fail("no_such_target", place.store->target() + " was to work with " + target +
                                          ", but the environment has no storage target of that "
                                          "name. Add it to the environment.");
    return driver->objects;
}

Handler change_of_store(std::shared_ptr<StorePlace> place, StoreBefore before, StoreAct act,
                        RestoreOf restore) {
    return change_blocking(
        place->services->loop, [place, before](Call& call) { return before(*place->store, call); },
        [place, act](Call& call, const Value& found) { return act(*place->store, call, found); },
        {}, std::move(restore));
}

Handler observe_with_port(std::shared_ptr<StorePlace> place, const std::string& parameter,
                          std::function<Result<Value>(Call&, ObjectPort&)> observe) {
    Handler made;
    made.observe = [place, parameter, observe](Call& call) {
        const Port port = port_of(*place, call.arguments[parameter].text());
        return off_loop<Result<Value>>(place->services->loop, [observe, &call, port] {
            return observe_off_loop(observe, call, port);
        });
    };
    return made;
}

Handler change_with_port(std::shared_ptr<StorePlace> place, const std::string& parameter,
                         std::function<Result<Before>(Call&, ObjectPort&)> before,
                         std::function<Outcome(Call&, const Value&, ObjectPort&)> act,
                         RestoreOf restore) {
    Handler made;
    made.before = [place, parameter, before](Call& call) {
        const Port port = port_of(*place, call.arguments[parameter].text());
        return off_loop<Result<Before>>(place->services->loop,
                                        [before, &call, port]() -> Result<Before> {
                                            if (!port) return port.error();
                                            return before(call, **port);
                                        });
    };
    made.act = [place, parameter, act](Call& call, const Value& found) {
        const Port port = port_of(*place, call.arguments[parameter].text());
        return off_loop<Outcome>(place->services->loop, [act, &call, &found, port] {
            return port ? act(call, found, **port) : Outcome::failed(port.error());
        });
    };
    made.restore = std::move(restore);
    return made;
}

}  // namespace perilune
