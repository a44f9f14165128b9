// One database server in memory: what it has committed and when, whom it follows, and who reaches
// it. Images are whole databases, as the bytes of a SQLite file.
#pragma once

#include <deque>
#include <optional>

#include "bindings/database/sqlite_memory.h"

namespace perilune {

// A state of the data. The first is that of an empty database.
struct DatabaseCommit {
    double at_s = 0;  // The wall clock.
    std::shared_ptr<const std::string> image = std::make_shared<const std::string>();
    double written_bytes = 0;  // All that was written up to it, as a log's position counts.
};

enum class ServerRole { primary, replica };

// A copy that is kept beside the data: by a restore, or as a snapshot.
struct KeptCopy {
    BackupEntry entry;
    std::shared_ptr<const std::string> image;
};

// Bytes that a failing disk gives in place of the right ones, until they are written anew.
struct DiskDamage {
    std::size_t at = 0;
    std::string right;
    std::string wrong;
};

// One client that is connected.
struct ServerSession {
    std::string id;
    std::string user;
    std::string client;
    std::string state;  // "active" or "idle".
    std::string sql;
    double since_at_s = 0;
};

class SimulatedServer final : public SqliteMemory {
public:
    explicit SimulatedServer(std::string target);
    ~SimulatedServer() override;
    SimulatedServer(const SimulatedServer&) = delete;
    SimulatedServer& operator=(const SimulatedServer&) = delete;

    Result<std::unique_ptr<SqliteConnection>> open(Access access,
                                                   const OpenOptions& options) override;
    // As one of its clients, who may reach it where the host does not.
    Result<std::unique_ptr<SqliteConnection>> connect(Access access, const OpenOptions& options);
    void describe(Value& database) const override;
    std::vector<BackupEntry> copies() const override;
    void remove_copy(const std::string& id) override;

    const std::string& target() const { return target_; }
    ServerRole role() const { return primary_ ? ServerRole::replica : ServerRole::primary; }
    const std::string& fenced() const { return fenced_; }  // How; "none" where it is not.
    double timeline() const { return primary_ ? primary_->timeline() : timeline_; }
    double commits() const { return commits_; }  // Made here, as a primary.
    bool absent() const { return absent_; }

    // Whether the host reaches the machine that it is on, be it fenced or not.
    bool reached() const { return answers_ && !isolated_; }
    // Why the host cannot reach it; nothing where it can.
    std::optional<Error> refusal() const;
    // Whether clients, also those that the host cannot see, can write to it.
    bool writable() const;

    // What it serves now; of a replica what it has replayed by now.
    DatabaseCommit now() const { return at(wall_now_s()); }
    // What it served at a moment. Nothing where it knows no longer.
    std::optional<DatabaseCommit> known_at(double at_s) const;
    double known_from_s() const;
    void keep_history_for(double seconds);

    // Commits new data in place of all; what was damaged, dropped or lost is well again.
    void replace(std::string image);
    void drop();
    void keep_copy(KeptCopy copy);
    std::shared_ptr<const std::string> copy(const std::string& id) const;

    // Follows another from now on, `behind_s` late. What only this one had is lost.
    void follow(std::shared_ptr<SimulatedServer> primary, double behind_s);
    void promote();
    const SimulatedServer* primary() const { return primary_.get(); }
    double behind_s() const { return behind_s_; }
    bool connected() const;       // Of a replica: to its primary.
    double behind_bytes() const;  // As far as it can know.

    // What cuts a server off. Its replicas stay at what they had replayed by then.
    void set_answers(bool answers);
    void set_isolated(bool isolated);
    void set_fenced(const std::string& how);
    void damage(const std::string& table);

    std::vector<ServerSession> sessions;
    List log;                                        // { at, text, source }, oldest first.
    List slow_queries;                               // { sql, calls, mean_s, max_s }
    double pool = 20;                                // As set_pool left it.
    Value size = Value(Map{{"class", "standard"}});  // As resize left it.
    Value passwords = Value(Map{});                  // Of each user that set_password named.

private:
    DatabaseCommit at(double at_s) const;
    std::optional<Error> refusal_to_clients() const;
    bool links() const;  // Whether other servers reach it.
    void publish(const std::string& image);
    void note_commit(std::string image);
    // Holds replicas at where they are before something changes that they depend on.
    void settle();
    void forget_old();

    std::string target_;
    std::deque<DatabaseCommit> history_;
    double history_s_ = 7 * 86400.0;
    double commits_ = 0;
    double timeline_ = 1;
    bool absent_ = false;
    bool answers_ = true;
    bool isolated_ = false;
    std::string fenced_ = "none";
    std::optional<DiskDamage> damage_;
    std::vector<KeptCopy> copies_;
    // Of a replica.
    std::shared_ptr<SimulatedServer> primary_;
    double behind_s_ = 0;
    DatabaseCommit replayed_;     // The least that it serves.
    double known_end_bytes_ = 0;  // The primary's position when the link was cut.
    std::vector<SimulatedServer*> replicas_;
};

}  // namespace perilune
