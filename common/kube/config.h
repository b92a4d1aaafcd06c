// Where the API server is, whom it proves to be, and as whom we come.
#pragma once

#include <string>

#include "common/base/result.h"

namespace catena::kube {

// Certificates or a key in PEM: a file, read anew for each connection, or the text itself.
struct Pem {
  std::string file;
  std::string text;
  bool empty() const { return file.empty() && text.empty(); }
};

struct Config {
  std::string server;     // "https://host:port", perhaps with a path; no slash at the end
  Pem authority;          // that alone is trusted; empty: the machine's own authorities
  bool insecure = false;  // any certificate of the server will do
  Pem certificate;        // ours, with `key`; empty: none
  Pem key;
  std::string token;       // bearer; empty: none
  std::string token_file;  // instead of `token`: read again when it changes
  std::string proxy;       // URL; empty: as http_proxy, https_proxy and no_proxy say

  // A pod's service account, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.
  // kNotFound outside a pod.
  static base::Result<Config> in_cluster();
  // The same with everything given; `directory` holds token and ca.crt.
  static base::Result<Config> service_account(const std::string& host, const std::string& port,
                                              const std::string& directory);
  // A kubeconfig's context; the current one where `context` is empty. Relative paths in it count
  // from its directory. kBadConfig for what is missing or broken; kUnsupported for what would be
  // needed and isn't there: exec plugins, auth providers, passwords, impersonation,
  // tls-server-name.
  static base::Result<Config> from_kubeconfig(const std::string& path,
                                              const std::string& context = "");
};

}  // namespace catena::kube
