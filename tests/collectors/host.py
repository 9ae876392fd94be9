"""A made-up host root with the files of an AKS node, canaries in each that could hold a secret."""

# ruff: noqa: E501  (texts in the form that they have in the field are long)

from __future__ import annotations

import zipfile
from pathlib import Path

from .canaries import TEXTS

POISON = "\n".join(TEXTS.values()) + "\n"

FILES: dict[str, str] = {
    "etc/os-release": 'NAME="Ubuntu"\nVERSION_ID="22.04"\n',
    "etc/resolv.conf": "nameserver 168.63.129.16\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/default/kubelet": f"KUBELET_FLAGS=--v=2 --config /etc/default/kubeletconfig.json\n{POISON}",
    "etc/default/kubeletconfig.json": '{"kind": "KubeletConfiguration", "clusterDNS": ["127.0.0.1"], "maxPods": 30}\n',
    "etc/systemd/system/kubelet.service": "[Service]\nExecStart=/opt/bin/kubelet\n",
    "etc/systemd/system/kubelet.service.d/10-httpproxy.conf": f"[Service]\nEnvironment=HTTPS_PROXY={TEXTS['url']}\n",
    "etc/kubernetes/azure.json": POISON,
    "etc/kubernetes/manifests/static.yaml": "env:\n- name: A\n  value: Canary7x\n",
    "etc/kubernetes/certs/client.key": POISON,
    "etc/containerd/config.toml": f"version = 2\n{POISON}",
    "etc/cni/net.d/10-azure.conflist": '{"name": "azure", "plugins": [{"type": "azure-vnet"}]}\n',
    "etc/cni/net.d/calico-kubeconfig": POISON,
    "opt/cni/bin/azure-vnet": "binary\n",
    "var/lib/kubelet/kubeconfig": f"server: https://127.0.0.1:1\n{POISON}",
    "var/lib/kubelet/bootstrap-kubeconfig": POISON,
    "var/lib/kubelet/pki/kubelet-client-current.pem": POISON,
    "var/log/journal/0/system.journal": "",
    "var/lib/cni/networks/azure/10.244.0.5": "abcdef\n",
    "var/run/azure-vnet.json": '{"Network": {"Version": "1"}}\n',
    "var/run/azure-cns/azure-endpoints.json": '{"Endpoints": {}}\n',
    "var/log/azure-vnet.log": f"2026 azure-vnet started\n{POISON}",
    "var/log/waagent.log": f"2026 waagent\n{POISON}",
    "var/log/cloud-init.log": f"2026 cloud-init\n{POISON}",
    "var/log/azure/cluster-provision.log": f"2026 provision\n{POISON}",
    "var/log/azure/aks/provision.json": '{"ExitCode": "0"}\n',
    "var/log/azure/Microsoft.Azure.Extensions.CustomScript/handler.log": "ran\n",
    "var/lib/waagent/Microsoft.Azure.Extensions.CustomScript-2.1.10/HandlerManifest.json": "[]\n",
    "var/lib/waagent/Microsoft.Azure.Extensions.CustomScript-2.1.10/config/HandlerState": "Enabled\n",
    "var/lib/waagent/Microsoft.Azure.Extensions.CustomScript-2.1.10/config/0.settings": POISON,
    "var/lib/waagent/Microsoft.Azure.Extensions.CustomScript-2.1.10/status/0.status": '[{"version": 1, "status": {"name": "vmssCSE", "operation": "Enable", "status": "success", "code": 0}}]\n',
    "var/lib/waagent/ovf-env.xml": POISON,
    "proc/loadavg": "0.1 0.2 0.3 1/100 1234\n",
    "proc/meminfo": "MemTotal: 1 kB\n",
    "proc/cpuinfo": "processor : 0\n",
    "proc/modules": "ip_set 1 0 - Live 0x0\noverlay 1 0 - Live 0x0\n",
    "proc/mounts": "/dev/root / ext4 rw 0 0\n",
    "proc/pressure/cpu": "some avg10=0.06 avg60=0.05 avg300=0.05 total=531880\n",
    "proc/100/comm": "kubelet\n",
    "proc/100/limits": "Max processes             100     200     processes\nMax open files            1024    1048576   files\nMax core file size        0       unlimited bytes\n",
    "proc/100/environ": POISON,
    "sys/fs/cgroup/cgroup.controllers": "cpu io memory\n",
}


def make_host(root: Path) -> Path:
    """Writes the files under ``root`` and returns it."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    archive = root / "var/lib/waagent/logcollector/logs.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("collect/crictl_version.txt", "Version: 0.1.0\n")
    return root
