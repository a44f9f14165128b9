// The operations of storage drivers whose objects lie in an ObjectStore, by what they do.
#pragma once

#include "bindings/storage/object_store.h"
#include "bindings/storage/object_transfer.h"
#include "interpreter/base/driver.h"
#include "interpreter/base/stream.h"

namespace perilune {

using Operations = std::map<std::string, Handler, std::less<>>;

// What every handler of one target shares.
struct StorePlace {
    std::shared_ptr<const ObjectStore> store;
    std::shared_ptr<ObjectPort> objects;
    Services* services;
};

void add_store_reads(Operations& operations, const std::shared_ptr<StorePlace>& place);
void add_store_comparisons(Operations& operations, const std::shared_ptr<StorePlace>& place);
void add_store_changes(Operations& operations, const std::shared_ptr<StorePlace>& place);
void add_store_setup(Operations& operations, const std::shared_ptr<StorePlace>& place);
void add_store_bulk_changes(Operations& operations, const std::shared_ptr<StorePlace>& place);
void add_store_sync(Operations& operations, const std::shared_ptr<StorePlace>& place);

// The state of one object for undo and plan: equal states, nothing happened in between.
Value object_state(const std::string& key, const std::optional<Version>& version);
// The state of many: those of `keys`, or, where it is empty, all with the prefix.
Result<Value> many_state(const ObjectStore& store, const std::string& prefix, const List& keys);

// The port of the storage target that a call names. For the loop's thread only.
using Port = Result<std::shared_ptr<ObjectPort>>;
Port port_of(const StorePlace& place, const std::string& target);

// A change of one place alone, made off the loop.
using StoreBefore = Result<Before> (*)(const ObjectStore&, Call&);
using StoreAct = Outcome (*)(const ObjectStore&, Call&, const Value& before);
using RestoreOf =
    std::function<std::optional<Restore>(const Call&, const Value& before, const Value& result)>;
Handler change_of_store(std::shared_ptr<StorePlace> place, StoreBefore before, StoreAct act,
                        RestoreOf restore = {});

// As observe_blocking and change_blocking, with the port of the target that `parameter` names;
// where the call does not give it, with the place's own.
Handler observe_with_port(std::shared_ptr<StorePlace> place, const std::string& parameter,
                          std::function<Result<Value>(Call&, ObjectPort&)> observe);
Handler change_with_port(std::shared_ptr<StorePlace> place, const std::string& parameter,
                         std::function<Result<Before>(Call&, ObjectPort&)> before,
                         std::function<Outcome(Call&, const Value&, ObjectPort&)> act,
                         RestoreOf restore);

}  // namespace perilune
