"""What a manifest of deploy/ may hold: the part of the Kubernetes API that it uses, as its reference
documents it (core/v1, apps/v1, rbac.authorization.k8s.io/v1). Not the whole API: a key that is added
to a manifest is added here after a look into the reference."""


class Map(dict):
    """Free keys, text values."""


TEXT, FLAG, NUMBER = str, bool, int
META = {"name": TEXT, "namespace": TEXT, "labels": Map}
HEAD = {"apiVersion": TEXT, "kind": TEXT, "metadata": META}
SECURITY = {"privileged": FLAG, "allowPrivilegeEscalation": FLAG, "readOnlyRootFilesystem": FLAG,
            "capabilities": {"add": [TEXT], "drop": [TEXT]}}
CONTAINER = {
    "name": TEXT, "image": TEXT, "imagePullPolicy": TEXT, "command": [TEXT], "args": [TEXT],
    "env": [{"name": TEXT, "value": TEXT, "valueFrom": {"fieldRef": {"fieldPath": TEXT}}}],
    "securityContext": SECURITY,
    "livenessProbe": {"httpGet": {"host": TEXT, "port": NUMBER, "path": TEXT},
                      "initialDelaySeconds": NUMBER, "periodSeconds": NUMBER,
                      "timeoutSeconds": NUMBER, "failureThreshold": NUMBER},
    "resources": {"requests": Map, "limits": Map},
    "volumeMounts": [{"name": TEXT, "mountPath": TEXT, "readOnly": FLAG,
                      "mountPropagation": TEXT}],
}
POD = {
    "serviceAccountName": TEXT, "automountServiceAccountToken": FLAG, "priorityClassName": TEXT,
    "nodeSelector": Map, "tolerations": [{"operator": TEXT, "key": TEXT, "effect": TEXT}],
    "hostNetwork": FLAG, "hostPID": FLAG, "dnsPolicy": TEXT,
    "terminationGracePeriodSeconds": NUMBER, "initContainers": [CONTAINER],
    "containers": [CONTAINER],
    "volumes": [{"name": TEXT, "hostPath": {"path": TEXT, "type": TEXT},
                 "configMap": {"name": TEXT}, "emptyDir": Map}],
}
KINDS = {
    ("v1", "ServiceAccount"): HEAD,
    ("v1", "ConfigMap"): {**HEAD, "data": Map},
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): {
        **HEAD, "rules": [{"apiGroups": [TEXT], "resources": [TEXT], "verbs": [TEXT]}]},
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): {
        **HEAD, "roleRef": {"apiGroup": TEXT, "kind": TEXT, "name": TEXT},
        "subjects": [{"kind": TEXT, "name": TEXT, "namespace": TEXT}]},
    ("apps/v1", "DaemonSet"): {
        **HEAD, "spec": {
            "selector": {"matchLabels": Map},
            "updateStrategy": {"type": TEXT, "rollingUpdate": {"maxUnavailable": TEXT}},
            "template": {"metadata": META, "spec": POD}}},
}


def breaches(value, schema, path):
    """A sentence for each key or value that does not fit."""
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [f"{path}: expected a list"]
        return [found for i, item in enumerate(value)
                for found in breaches(item, schema[0], f"{path}[{i}]")]
    if schema is Map or isinstance(schema, dict):
        if not isinstance(value, dict):
            return [f"{path}: expected an object"]
        found = []
        for key, inner in value.items():
            if schema is Map:
                found += [] if isinstance(inner, str) else [f"{path}.{key}: expected a text"]
            elif key not in schema:
                found.append(f"{path}: unknown key '{key}'")
            else:
                found += breaches(inner, schema[key], f"{path}.{key}")
        return found
    # A bool is an int to Python.
    fits = type(value) is schema
    return [] if fits else [f"{path}: expected {schema.__name__}, got {value!r}"]


def breaches_of(document):
    """Of a whole manifest document."""
    kind = (document.get("apiVersion"), document.get("kind"))
    if kind not in KINDS:
        return [f"unknown kind {kind}"]
    return breaches(document, KINDS[kind], kind[1])
