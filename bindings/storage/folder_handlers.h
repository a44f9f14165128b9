// The operations of the driver `folder`, by what they do.
#pragma once

#include "bindings/storage/folder_store.h"
#include "bindings/storage/object_transfer.h"
#include "interpreter/base/driver.h"
#include "interpreter/base/stream.h"

namespace perilune {

using Operations = std::map<std::string, Handler, std::less<>>;

// What every handler of one folder shares.
struct Folder {
    std::shared_ptr<const FolderStore> store;
    std::shared_ptr<ObjectPort> objects;
    Services* services;
};

void add_folder_reads(Operations& operations, const std::shared_ptr<Folder>& folder);
void add_folder_comparisons(Operations& operations, const std::shared_ptr<Folder>& folder);
void add_folder_changes(Operations& operations, const std::shared_ptr<Folder>& folder);
void add_folder_setup(Operations& operations, const std::shared_ptr<Folder>& folder);
void add_folder_bulk_changes(Operations& operations, const std::shared_ptr<Folder>& folder);
void add_folder_sync(Operations& operations, const std::shared_ptr<Folder>& folder);

// The state of one object for undo and plan: equal states, nothing happened in between.
Value object_state(const std::string& key, const std::optional<Version>& version);
// The state of many: those of `keys`, or, where it is empty, all with the prefix.
Result<Value> many_state(const FolderStore& store, const std::string& prefix, const List& keys);

// The port of the storage target that a call names. For the loop's thread only.
using Port = Result<std::shared_ptr<ObjectPort>>;
Port port_of(const Folder& folder, const std::string& target);

// A change of the folder alone, made off the loop.
using FolderBefore = Result<Before> (*)(const FolderStore&, Call&);
using FolderAct = Outcome (*)(const FolderStore&, Call&, const Value& before);
using RestoreOf =
    std::function<std::optional<Restore>(const Call&, const Value& before, const Value& result)>;
Handler change_of_folder(std::shared_ptr<Folder> folder, FolderBefore before, FolderAct act,
                         RestoreOf restore = {});

// As observe_blocking and change_blocking, with the port of the target that `parameter` names;
// where the call does not give it, with the folder's own.
Handler observe_with_port(std::shared_ptr<Folder> folder, std::string parameter,
                          std::function<Result<Value>(Call&, ObjectPort&)> observe);
Handler change_with_port(
    std::shared_ptr<Folder> folder, std::string parameter,
    std::function<Result<Before>(Call&, ObjectPort&)> before,
    std::function<Outcome(Call&, const Value&, ObjectPort&)> act, RestoreOf restore);

// Makes a content an object of the store: copied, never linked, so that a person who edits the
// object in place does not edit a kept version too.
Result<Placed> place_content(const FolderStore& store, const Content& content,
                             const std::string& to_key, const Call& call);

}  // namespace perilune
