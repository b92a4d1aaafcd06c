#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/kube/base64.h"
#include "common/kube/config.h"
#include "common/kube/yaml.h"

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using base::Status;

constexpr std::size_t kMostFile = std::size_t{1} << 20U;  // bytes

Error bad(const std::string& what) { return Error(ErrorKind::kBadConfig, what); }

// Keys of a user that name a way to prove who we are that we don't have.
struct Foreign {
  std::string_view key;
  std::string_view advice;
};
constexpr std::string_view kUseToken =
    "use a token, tokenFile or client certificate: `kubectl create token` makes a token";
constexpr std::array<Foreign, 9> kForeignUserKeys{{
    {"exec", kUseToken},
    {"auth-provider", kUseToken},
    {"username", kUseToken},
    {"password", kUseToken},
    {"as", "give the rights to the user itself"},
    {"as-uid", "give the rights to the user itself"},
    {"as-groups", "give the rights to the user itself"},
    {"as-user-extra", "give the rights to the user itself"},
    {"act-as", "give the rights to the user itself"},
}};

// The object under `inner` of the item called `name` in the list under `outer`.
Result<Fields> find_named(Fields& root, const std::string& outer, const std::string& inner,
                          const std::string& name) {
  const auto items = TRY(root.objects(outer));
  for (Fields item : items.value_or(std::vector<Fields>{})) {
    const std::optional<std::string> found = TRY(item.string("name"));
    if (found != name) {
      continue;
    }
    std::optional<Fields> object = TRY(item.object(inner));
    if (!object.has_value()) {
      std::string what = outer;
      what.append(": \"").append(name).append("\" has no ").append(inner);
      return bad(what);
    }
    return *std::move(object);
  }
  return bad(outer + ": there is no \"" + name + "\"");
}

// Reads the pieces of one context.
class KubeconfigReader {
 public:
  explicit KubeconfigReader(std::string directory) : directory_(std::move(directory)) {}

  Result<Config> read(Fields& root, const std::string& wanted) {
    const std::string current = TRY(root.string("current-context")).value_or("");
    const std::string name = wanted.empty() ? current : wanted;
    if (name.empty()) {
      return bad("current-context is not set");
    }
    Fields context = TRY(find_named(root, "contexts", "context", name));
    const std::string cluster = TRY(context.string("cluster")).value_or("");
    const std::string user = TRY(context.string("user")).value_or("");
    Fields cluster_fields = TRY(find_named(root, "clusters", "cluster", cluster));
    TRY(read_cluster(cluster_fields));
    if (!user.empty()) {
      Fields user_fields = TRY(find_named(root, "users", "user", user));
      TRY(read_user(user_fields));
    }
    return std::move(config_);
  }

 private:
  Status read_cluster(Fields& cluster) {
    config_.server = TRY(cluster.string("server")).value_or("");
    const bool secure = config_.server.starts_with("https://");
    if (!secure && !config_.server.starts_with("http://")) {
      return bad(cluster.path_of("server") + ": expected https://host:port");
    }
    while (config_.server.ends_with('/')) {
      config_.server.pop_back();
    }
    if (!TRY(cluster.string("tls-server-name")).value_or("").empty()) {
      return Error(ErrorKind::kUnsupported,
                   cluster.path_of("tls-server-name") + " is not supported")
          .advice("name the server as its certificate does");
    }
    config_.authority = TRY(read_pem(cluster, "certificate-authority"));
    config_.insecure = TRY(cluster.boolean("insecure-skip-tls-verify")).value_or(false);
    if (config_.insecure && !config_.authority.empty()) {
      return bad(cluster.path_of("insecure-skip-tls-verify") +
                 ": not together with certificate-authority");
    }
    config_.proxy = TRY(cluster.string("proxy-url")).value_or("");
    return {};
  }

  Status read_user(Fields& user) {
    for (const auto& [key, advice] : kForeignUserKeys) {
      if (user.raw(key) != nullptr) {
        return Error(ErrorKind::kUnsupported, user.path_of(key) + " is not supported")
            .advice(advice);
      }
    }
    // As kubectl: the token itself is used only where there is no file.
    config_.token_file = absolute(TRY(user.string("tokenFile")).value_or(""));
    config_.token = TRY(user.string("token")).value_or("");
    if (!config_.token_file.empty()) {
      config_.token.clear();
    }
    config_.certificate = TRY(read_pem(user, "client-certificate"));
    config_.key = TRY(read_pem(user, "client-key"));
    if (config_.certificate.empty() != config_.key.empty()) {
      return bad(user.path_of("client-certificate") + " and client-key: one without the other");
    }
    return {};
  }

  // As kubectl: "<key>-data" goes before "<key>".
  Result<Pem> read_pem(Fields& fields, const std::string& key) {
    Pem pem;
    const std::string data = TRY(fields.string(key + "-data")).value_or("");
    pem.file = absolute(TRY(fields.string(key)).value_or(""));
    if (data.empty()) {
      return pem;
    }
    pem.file.clear();
    pem.text = TRY(decode_base64(data).context(fields.path_of(key + "-data")));
    return pem;
  }

  std::string absolute(const std::string& path) const {
    return path.empty() || path.starts_with('/') ? path : directory_ + "/" + path;
  }

  std::string directory_;
  Config config_;
};

Result<Config> read_context(const std::string& path, const std::string& context) {
  const std::string text = TRY(base::read_file(path, kMostFile));
  const nlohmann::json document = TRY(read_yaml(text));
  Fields root = TRY(Fields::of(document, ""));
  const std::size_t slash = path.rfind('/');
  return KubeconfigReader(slash == std::string::npos ? "." : path.substr(0, slash))
      .read(root, context);
}

}  // namespace

Result<Config> Config::from_kubeconfig(const std::string& path, const std::string& context) {
  return read_context(path, context).context("kubeconfig " + path);
}

}  // namespace catena::kube
