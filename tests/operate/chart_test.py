"""Helm's chart and the plain manifests of Kubernetes: rendered, held against Kubernetes' own schemas, and their confs against `weir check`."""
import json
import os
import re
import unittest

import yaml

import stack
from shipped import DEPLOY, faults_of_text, read

VARIABLES = {"OPENAI_API_KEY": "sk-x", "WEIR_KEY": "sk-weir-test"}
BUDGETED = [{"name": "apps", "secret": "${WEIR_KEY}", "budgets": [{"usd": 50, "every": "30d"}]}]


def validate(manifest):
    import kubernetes_validate
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def of_kind(manifests, kind):
    found = [each for each in manifests if each["kind"] == kind]
    assert len(found) == 1, (kind, [each["kind"] for each in manifests])
    return found[0]


def check_pod(test, pod, claims=()):
    """What every weir in a pod must have, whichever file it comes from."""
    containers = pod.get("initContainers", []) + pod["containers"]
    weir = next(c for c in containers if c["name"] == "weir")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        test.assertIn(weir[probe]["httpGet"]["path"], ("/healthz", "/readyz"))
    test.assertIn("sleep", weir["lifecycle"]["preStop"])
    test.assertIn("requests", weir["resources"])
    test.assertTrue(weir["securityContext"]["readOnlyRootFilesystem"])
    names = {port["name"] for port in weir["ports"]}
    test.assertIn("admin", names)
    volumes = {volume["name"] for volume in pod["volumes"]} | {claim["metadata"]["name"] for claim in claims}
    for mount in weir["volumeMounts"]:
        test.assertIn(mount["name"], volumes)
    return weir


def check_conf(test, manifests):
    conf = of_kind(manifests, "ConfigMap")["data"]
    files = {name: text for name, text in conf.items() if name != "weir.yaml"}
    test.assertEqual(faults_of_text(conf["weir.yaml"], VARIABLES, files), [])
    return yaml.safe_load(conf["weir.yaml"])


class Kubernetes(unittest.TestCase):
    def manifests(self, name):
        return [each for each in yaml.safe_load_all(read("kubernetes", name)) if each]

    def check(self, manifests):
        for each in manifests:
            validate(each)
        conf = check_conf(self, manifests)
        deployment = of_kind(manifests, "Deployment")["spec"]
        pod = deployment["template"]["spec"]
        drain = conf["limits"]["drain_timeout"]
        seconds = int(drain[:-1]) * {"s": 1, "m": 60}[drain[-1]]
        weir = check_pod(self, pod)
        self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], seconds + weir["lifecycle"]["preStop"]["sleep"]["seconds"])
        self.assertEqual(deployment["selector"]["matchLabels"].items() - deployment["template"]["metadata"]["labels"].items(), set())
        return weir, pod, conf

    def test_the_deployment(self):
        _, _, conf = self.check(self.manifests("deployment.yaml"))
        self.assertEqual([key["secret"] for key in conf["keys"]], ["${WEIR_KEY}"])

    def test_the_native_sidecar(self):
        weir, pod, _ = self.check(self.manifests("sidecar.yaml"))
        self.assertIn(weir, pod["initContainers"])
        self.assertEqual(weir["restartPolicy"], "Always")
        ledger = next(volume for volume in pod["volumes"] if volume["name"] == "weir-ledger")
        self.assertEqual("emptyDir" in ledger, "Its ledger is an emptyDir" in read("kubernetes/sidecar.yaml"))

    def test_a_wrong_manifest_would_be_noticed(self):
        wrong = self.manifests("sidecar.yaml")[1]
        wrong["spec"]["template"]["spec"]["initContainers"][0]["restartPolice"] = "Always"
        with self.assertRaises(Exception):
            validate(wrong)


class Helm(unittest.TestCase):
    chart_folder = os.path.join(DEPLOY, "helm/weir")

    def texts(self, **values):
        from helm_python.chart import Chart
        return Chart.load(self.chart_folder).render(values, name="gateway")

    def render(self, **values):
        texts = [text for path, text in self.texts(**values).items() if path.endswith(".yaml")]
        manifests = [each for text in texts for each in yaml.safe_load_all(text) if each]
        for each in manifests:
            if not each["apiVersion"].startswith("monitoring.coreos.com/"):
                validate(each)
        return manifests

    def pod(self, manifests):
        return of_kind(manifests, "StatefulSet")["spec"]["template"]["spec"]

    def notes(self, **values):
        return self.texts(**values)["weir/templates/NOTES.txt"]

    def refused(self, **values):
        with self.assertRaises(Exception) as why:
            self.texts(**values)
        return str(why.exception)

    def test_it_renders_to_manifests_that_kubernetes_takes(self):
        manifests = self.render()
        self.assertEqual(sorted(each["kind"] for each in manifests), ["ConfigMap", "Service", "Service", "StatefulSet"])
        conf = check_conf(self, manifests)
        self.assertEqual([key["secret"] for key in conf["keys"]], ["${WEIR_KEY}"])
        self.assertFalse(os.path.isabs(conf["prices"]))
        check_pod(self, self.pod(manifests), of_kind(manifests, "StatefulSet")["spec"]["volumeClaimTemplates"])

    def test_each_pod_has_a_ledger_of_its_own(self):
        manifests = self.render(replicas=3, persistence={"size": "5Gi", "storageClass": "fast"})
        spec = of_kind(manifests, "StatefulSet")["spec"]
        self.assertEqual(spec["replicas"], 3)
        self.assertEqual(spec["updateStrategy"]["type"], "RollingUpdate")
        claim = spec["volumeClaimTemplates"][0]
        self.assertEqual((claim["metadata"]["name"], claim["spec"]["storageClassName"], claim["spec"]["resources"]["requests"]["storage"]),
                         ("ledger", "fast", "5Gi"))
        mounts = {mount["name"]: mount["mountPath"] for mount in spec["template"]["spec"]["containers"][0]["volumeMounts"]}
        ledger = check_conf(self, manifests)["state"]["ledger"]
        self.assertEqual(os.path.dirname(ledger), mounts["ledger"])
        # The service that a StatefulSet names must exist and have no address of its own.
        services = {each["metadata"]["name"]: each["spec"] for each in manifests if each["kind"] == "Service"}
        self.assertEqual(services[spec["serviceName"]]["clusterIP"], "None")
        budget = of_kind(manifests, "PodDisruptionBudget")["spec"]
        self.assertEqual((budget["maxUnavailable"], budget["selector"]), (1, spec["selector"]))

    def test_one_replica_has_no_disruption_budget_that_would_hold_up_its_node(self):
        self.assertNotIn("PodDisruptionBudget", [each["kind"] for each in self.render()])

    def test_its_values_change_what_they_should(self):
        manifests = self.render(
            persistence={"enabled": False}, serviceMonitor={"enabled": True}, image={"repository": "r/weir", "tag": "9"}, imagePullSecrets=[{"name": "pull"}],
            drainSeconds=400, podAnnotations={"a/b": "c"}, podLabels={"team": "x"}, nodeSelector={"disk": "fast"}, priorityClassName="high",
            serviceAccount={"create": True, "name": "weir-runs", "annotations": {"d": "e"}}, tls={"secretName": "cert"},
            extraEnv=[{"name": "MORE", "value": "1"}], extraVolumes=[{"name": "ca", "configMap": {"name": "ca"}}],
            extraVolumeMounts=[{"name": "ca", "mountPath": "/etc/ca"}], readinessProbe={"failureThreshold": 1},
            topologySpreadConstraints=[{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}])
        kinds = sorted(each["kind"] for each in manifests)
        self.assertEqual(kinds, ["ConfigMap", "Service", "Service", "ServiceAccount", "ServiceMonitor", "StatefulSet"])
        stateful = of_kind(manifests, "StatefulSet")["spec"]
        self.assertNotIn("volumeClaimTemplates", stateful)
        pod, about = stateful["template"]["spec"], stateful["template"]["metadata"]
        weir = check_pod(self, pod)
        self.assertEqual(weir["image"], "r/weir:9")
        self.assertEqual(pod["terminationGracePeriodSeconds"], 420)
        self.assertEqual(about["annotations"]["a/b"], "c")
        self.assertEqual(about["labels"]["team"], "x")
        self.assertEqual((pod["nodeSelector"], pod["priorityClassName"], pod["imagePullSecrets"]), ({"disk": "fast"}, "high", [{"name": "pull"}]))
        self.assertEqual((pod["serviceAccountName"], of_kind(manifests, "ServiceAccount")["metadata"]["name"]), ("weir-runs", "weir-runs"))
        self.assertFalse(pod["automountServiceAccountToken"])
        self.assertEqual(weir["env"], [{"name": "MORE", "value": "1"}])
        self.assertIn({"name": "ca", "mountPath": "/etc/ca"}, weir["volumeMounts"])
        self.assertEqual((weir["readinessProbe"]["failureThreshold"], weir["readinessProbe"]["periodSeconds"]), (1, 5))
        self.assertEqual(len(pod["topologySpreadConstraints"]), 1)
        # The monitor picks the service with a name for each pod, and an existing port of it.
        monitor = of_kind(manifests, "ServiceMonitor")["spec"]
        picked = [each for each in manifests if each["kind"] == "Service" and monitor["selector"]["matchLabels"].items() <= each["metadata"]["labels"].items()]
        self.assertEqual([each["metadata"]["name"] for each in picked], [stateful["serviceName"]])
        self.assertIn(monitor["endpoints"][0]["port"], [port["name"] for port in picked[0]["spec"]["ports"]])

    def test_certificates_stand_beside_the_conf_that_names_them(self):
        tls = {"certificate": "tls/tls.crt", "private_key": "tls/tls.key"}
        conf = {"listeners": [{"address": "0.0.0.0:8080", "tls": tls}]}
        pod = self.pod(self.render(tls={"secretName": "cert"}, conf=conf))
        volume = next(each for each in pod["volumes"] if each["name"] == "conf")["projected"]
        secret = next(each["secret"] for each in volume["sources"] if "secret" in each)
        self.assertEqual({item["path"] for item in secret["items"]}, set(tls.values()))
        # Nobody but the user that weir runs as, whose group fsGroup makes the file's.
        self.assertEqual(volume["defaultMode"] & 0o007, 0)
        self.assertIn("https://gateway-weir.", self.notes(tls={"secretName": "cert"}, conf=conf))

    def test_an_ingress_leads_to_the_service(self):
        ingress = {"enabled": True, "className": "nginx", "host": "llm.example", "tlsSecretName": "cert", "annotations": {"a/b": "off"}}
        manifests = self.render(ingress=ingress)
        made = of_kind(manifests, "Ingress")
        self.assertEqual((made["metadata"]["annotations"], made["spec"]["ingressClassName"]), ({"a/b": "off"}, "nginx"))
        self.assertEqual(made["spec"]["tls"], [{"secretName": "cert", "hosts": ["llm.example"]}])
        rule = made["spec"]["rules"][0]
        backend = rule["http"]["paths"][0]["backend"]["service"]
        service = next(each for each in manifests if each["kind"] == "Service" and each["metadata"]["name"] == backend["name"])
        self.assertEqual(rule["host"], "llm.example")
        self.assertIn(backend["port"]["name"], [port["name"] for port in service["spec"]["ports"]])
        self.assertIn("ingress.host is needed", self.refused(ingress={"enabled": True, "tlsSecretName": "cert"}))
        self.assertNotIn("host", of_kind(self.render(ingress={"enabled": True}), "Ingress")["spec"]["rules"][0])

    def test_a_volume_that_is_there_already_can_be_kept(self):
        manifests = self.render(persistence={"existingClaim": "old"})
        self.assertNotIn("volumeClaimTemplates", of_kind(manifests, "StatefulSet")["spec"])
        self.assertIn({"name": "ledger", "persistentVolumeClaim": {"claimName": "old"}}, self.pod(manifests)["volumes"])
        self.assertIn("two weirs cannot write one ledger", self.refused(replicas=2, persistence={"existingClaim": "old"}))

    def test_numbers_come_through_as_they_were_written(self):
        keys = [{"name": "apps", "secret": "${WEIR_KEY}", "tokens_per_minute": 20000000}]
        self.assertEqual(check_conf(self, self.render(conf={"keys": keys}))["keys"], keys)

    def test_a_conf_that_is_not_watched_replaces_the_pods_when_it_changes(self):
        def sums(**conf):
            return of_kind(self.render(conf=conf), "StatefulSet")["spec"]["template"]["metadata"]["annotations"].get("checksum/conf")

        self.assertIsNone(sums())
        self.assertNotEqual(sums(watch=False), sums(watch=False, limits={"drain_timeout": "4m"}))

    def test_several_replicas_with_budgets_want_a_common_store(self):
        said = self.refused(replicas=2, conf={"keys": BUDGETED})
        self.assertIn("replicas is 2 and key apps has budgets", said)
        self.assertIn("state.shared", said)
        self.assertIn("conf.defaults.keys has budgets", self.refused(replicas=2, conf={"defaults": {"keys": {"budgets": BUDGETED[0]["budgets"]}}}))
        self.render(replicas=1, conf={"keys": BUDGETED})
        manifests = self.render(replicas=2, conf={"keys": BUDGETED, "state": {"shared": "redis://redis:6379/0"}})
        self.assertEqual(check_conf(self, manifests)["state"]["shared"], "redis://redis:6379/0")

    def test_the_time_to_drain_fits_what_kubernetes_gives(self):
        self.assertIn("drainSeconds is 60, and conf.limits.drain_timeout is 5m", self.refused(drainSeconds=60))
        for timeout, least in (("90s", 90), ("2h", 7200), ("1500ms", 2), ("1.5m", 90), ("off", 0)):
            limits = {"limits": {"drain_timeout": timeout}}
            self.render(drainSeconds=least, conf=limits)
            if least:
                self.assertIn(f"Make drainSeconds at least {least},", self.refused(drainSeconds=least - 1, conf=limits))
        # What the conf does not say is 10m.
        self.assertIn("drain_timeout is 10m", self.refused(conf={"limits": {"drain_timeout": None}}))

    def test_ports_are_those_of_the_conf(self):
        self.assertIn("ports.http is 9000", self.refused(ports={"http": 9000, "admin": 9464}))
        self.assertIn("ports.admin is 9000", self.refused(ports={"http": 8080, "admin": 9000}))
        self.assertIn("where the kubelet's probes do not get to", self.refused(conf={"admin": {"address": "127.0.0.1:9464"}}))
        self.assertIn("where the kubelet's probes do not get to", self.refused(conf={"admin": None}))
        self.assertIn("ports.http is 8080", self.refused(conf={"listeners": [{"address": "127.0.0.1:8080"}]}))
        self.render(ports={"http": 8443, "admin": 9000}, conf={"listeners": [{"address": "unix:/run/weir.sock"}, {"address": "[::]:8443"}],
                                                               "admin": {"address": "[::]:9000", "token": "off"}})

    def test_values_that_nobody_knows_are_refused(self):
        for wrong in ({"replicaCount": 3}, {"ports": {"http": "many"}}, {"image": {"name": "weir"}}, {"persistence": {"enable": True}},
                      {"tls": {"secret": "x"}}, {"livenessProbe": {"period": 1}}, {"conf": {"keys": []}}, {"service": {"kind": "NodePort"}}):
            self.assertIn("values don't meet the specifications of the schema", self.refused(**wrong), wrong)

    def test_every_section_of_the_schema_is_closed(self):
        schema = json.loads(read("helm/weir/values.schema.json"))
        # What others define: weir's own conf and prices, and pieces of Kubernetes' manifests.
        open_ones = {"global", "conf", "prices", "resources", "affinity"}
        self.assertFalse(schema["additionalProperties"])
        for name, of in schema["properties"].items():
            if of.get("type") == "object" and name not in open_ones:
                self.assertIs(of.get("additionalProperties"), False, name)
        self.assertEqual(set(yaml.safe_load(read("helm/weir/values.yaml"))) | {"global"}, set(schema["properties"]))

    def test_the_notes_say_what_an_upgrade_means(self):
        one = self.notes()
        self.assertIn("One replica:", one)
        self.assertIn("up to 300 s", one)
        self.assertIn("WEIR_KEY=", one)
        self.assertNotIn("One replica:", self.notes(replicas=2))
        self.assertIn("one pod after the other", self.notes(replicas=2))
        self.assertIn("forgotten with the pod", self.notes(persistence={"enabled": False}))
        self.assertNotRegex(one, r"<no value>|%!")

    def test_helm_lint_finds_nothing(self):
        from helm_python.chart import lint
        report = lint(self.chart_folder, strict=True)
        self.assertEqual(report["total_charts_linted"], 1)
        self.assertEqual([each for each in report["messages"] if each["severity"] > 1] + report["errors"], [])


stack.main()
