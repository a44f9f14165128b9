#include "tests/services/s3.h"

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>

#include <doctest/doctest.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "tests/services/aws.h"

namespace perilune::test {

namespace {

constexpr const char* cluster = "6f1b2b2e-54a5-4d3e-9a5f-0d5a3c0b7a11";
constexpr const char* disk = "0c2b5a54-8f6b-4a53-8a3e-3b1f6f1d9e77";

void run(const std::vector<std::string>& argv) {
    const ProgramEnd end = run_to_end(argv);
    if (end.code != 0) throw std::runtime_error(argv[0] + ": " + end.output);
}

// One of each daemon on this machine alone, without its own authentication between them.
class Ceph final : public S3Server {
public:
    Ceph() {
        const std::string file = "--conf=" + folder_.at("ceph.conf");
        for (const auto* name : {"mon", "osd", "rgw"})
            std::filesystem::create_directory(folder_.at(name));
        folder_.write("keyring", "");
        folder_.write("ceph.conf", configuration());
        run({"monmaptool", "--create", "--fsid", cluster, "--addv", "a",
             "[v2:127.0.0.1:" + std::to_string(monitor_port_) + "]", folder_.at("monmap")});
        run({"ceph-mon", file, "--mkfs", "-i", "a", "--monmap", folder_.at("monmap")});
        monitor_.start({"ceph-mon", file, "-i", "a", "-f"},
                       [this] { return accepts(monitor_port_); });
        run({"ceph-osd", file, "-i", "0", "--mkfs", "--no-mon-config", "--osd-uuid", disk});
        run({"ceph", file, "osd", "new", disk});
        run({"ceph", file, "osd", "crush", "add", "osd.0", "1.0", "root=default"});
        store_.start({"ceph-osd", file, "-i", "0", "-f"}, [] { return true; });
        gateway_.start({"radosgw", file, "-n", "client.rgw", "-f"},
                       [this] { return accepts(port_); });
        run({"radosgw-admin", file, "user", "create", "--uid=test", "--display-name=test",
             std::string("--access-key=") + access_key_id,
             std::string("--secret-key=") + secret_access_key});
    }

    int port() const override { return port_; }

private:
    std::string configuration() const {
        const std::string folder = folder_.path();
        return "[global]\nfsid = " + std::string(cluster) +
               "\nmon_host = v2:127.0.0.1:" + std::to_string(monitor_port_) +
               "\nmon_initial_members = a"
               "\nauth_cluster_required = none\nauth_service_required = none"
               "\nauth_client_required = none\nms_bind_ipv6 = false"
               "\nms_mon_client_mode = crc\nms_cluster_mode = crc\nms_service_mode = crc"
               "\nms_client_mode = crc\nms_mon_cluster_mode = crc\nms_mon_service_mode = crc"
               "\npublic_addr = 127.0.0.1\ncluster_addr = 127.0.0.1"
               "\npaxos_propose_interval = 0.05\npaxos_min_wait = 0.01"
               "\nrun_dir = " +
               folder +
               "\nadmin_socket =\nlog_to_stderr = false"
               "\nlog_file = " +
               folder + "/$name.log\npid_file = " + folder +
               "/$name.pid"
               "\nmon_data = " +
               folder + "/mon\nosd_data = " + folder +
               "/osd"
               "\nrgw_data = " +
               folder + "/rgw\nkeyring = " + folder +
               "/keyring"
               "\nmon_data_avail_crit = 1\nmon_data_avail_warn = 1\nmon_max_pg_per_osd = 1000"
               "\nosd_pool_default_size = 1\nosd_pool_default_min_size = 1"
               "\nosd_pool_default_pg_num = 1\nosd_pool_default_pgp_num = 1"
               "\nosd_crush_chooseleaf_type = 0\nosd_objectstore = bluestore"
               "\nbluestore_block_size = 10737418240\nosd_memory_target = 939524096"
               "\nrgw_enable_usage_log = false\nrgw_enable_apis = s3\nrgw_run_sync_thread = false"
               "\nrgw_frontends = beast endpoint=127.0.0.1:" +
               std::to_string(port_) + "\n";
    }

    ServiceFolder folder_;
    Service monitor_, store_, gateway_;
    int monitor_port_ = free_port();
    int port_ = free_port();
};

class Moto final : public S3Server {
public:
    Moto() {
        service_.start({aws_python(), "-B", "-m", "moto.server", "-H", "127.0.0.1", "-p",
                        std::to_string(port_)},
                       [this] { return accepts(port_); });
    }
    int port() const override { return port_; }

private:
    Service service_;
    int port_ = free_port();
};

// Takes the URL, the credentials and the operation as words and its parameters as input.
constexpr const char* boto_program = R"(
import boto3, datetime, hashlib, json, sys
url, key_id, key, operation = sys.argv[1:]
client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id=key_id,
                      aws_secret_access_key=key)
try:
    told = getattr(client, operation)(**json.load(sys.stdin))
except Exception as failure:
    sys.exit(str(failure))
told.pop("ResponseMetadata", None)
if "Body" in told:
    told["Body"] = hashlib.sha256(told["Body"].read()).hexdigest()
print(json.dumps(told, default=str))
)";

// The one server of its kind that a program has. One that could not be started is not tried again:
// each of its tests fails at once.
template <class Server>
S3Server* started() {
    static std::string failure;
    static const std::unique_ptr<Server> server = [] {
        try {
            return std::make_unique<Server>();
        } catch (const std::exception& thrown) {
            failure = thrown.what();
            return std::unique_ptr<Server>();
        }
    }();
    if (!server) FAIL_CHECK("the server did not start: " << failure);
    return server.get();
}

}  // namespace

std::string S3Server::new_bucket() { return "bucket-" + to_hex(random_bytes(6)); }

Value S3Server::boto(const std::string& operation, const Map& parameters) const {
    const ProgramEnd end = run_to_end(
        {aws_python(), "-c", boto_program, url(), access_key_id, secret_access_key, operation},
        {{"AWS_CONFIG_FILE", "/dev/null"}}, to_json(Value(parameters)));
    const auto told = from_json(end.output);
    if (end.code != 0 || !told) throw std::runtime_error("boto3: " + end.output);
    return *told;
}

ProgramEnd S3Server::rclone(std::vector<std::string> words) const {
    words.insert(words.begin(), "rclone");
    // rclone's S3 library refuses every request where a caller's environment names a CA bundle of
    // its own, even over plain HTTP.
    return run_to_end(words, {{"AWS_CA_BUNDLE", ""},
                              {"RCLONE_CONFIG", "/dev/null"},
                              {"RCLONE_CONFIG_S3_TYPE", "s3"},
                              {"RCLONE_CONFIG_S3_PROVIDER", "Other"},
                              {"RCLONE_CONFIG_S3_ENDPOINT", url()},
                              {"RCLONE_CONFIG_S3_ACCESS_KEY_ID", access_key_id},
                              {"RCLONE_CONFIG_S3_SECRET_ACCESS_KEY", secret_access_key}});
}

S3Server* shared_ceph() {
    for (const auto* program : {"ceph-mon", "ceph-osd", "radosgw", "radosgw-admin"})
        if (!has_program(program)) return nullptr;
    return has_aws() ? started<Ceph>() : nullptr;
}

S3Server* shared_moto() { return has_aws() ? started<Moto>() : nullptr; }

}  // namespace perilune::test
