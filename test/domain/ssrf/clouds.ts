import type { Group } from "./rules.ts";

/** Where clouds and platforms keep what must not be read, and our own runtime's API. */
export const clouds: readonly Group[] = [
  {
    source: "AWS: EC2 instance metadata, time, DNS; ECS task roles; EKS Pod Identity (user guides)",
    rows: [
      ["https://169.254.169.254/latest/meta-data/iam/security-credentials", "link"],
      ["https://169.254.169.254/latest/api/token", "link"],
      ["https://169.254.169.254/latest/user-data", "link"],
      ["https://169.254.169.254/latest/dynamic/instance-identity/document", "link"],
      ["https://169.254.169.123/", "link"],
      ["https://169.254.169.253/", "link"],
      ["https://169.254.170.2/v2/credentials/", "link"],
      ["https://169.254.170.2/v4/metadata", "link"],
      ["https://169.254.170.23/v1/credentials", "link"],
      ["https://[fd00:ec2::23]/v1/credentials", "uniqueLocal"],
      ["https://[fd00:ec2::253]/", "uniqueLocal"],
      ["https://[fd00:ec2::123]/", "uniqueLocal"],
      ["https://instance-data/latest/meta-data/", "noDot"],
      ["https://instance-data.ec2.internal/latest/meta-data/", "internal"],
      ["https://ip-10-0-0-1.eu-central-1.compute.internal/", "internal"],
    ],
  },
  {
    source:
      "AWS Lambda, Runtime API and Telemetry API; AWS_LAMBDA_RUNTIME_API and X-Ray's, as functions printed them",
    rows: [
      ["https://127.0.0.1:9001/2018-06-01/runtime/invocation/next", "port"],
      ["https://127.0.0.1/2018-06-01/runtime/invocation/next", "loopback"],
      ["https://localhost:9001/2018-06-01/runtime/invocation/next", "port"],
      ["https://sandbox.localdomain:8443/", "localdomain"],
      ["https://169.254.100.1:9001/2018-06-01/runtime/invocation/next", "port"],
      ["https://169.254.100.1/2018-06-01/runtime/invocation/next", "link"],
      ["https://169.254.79.129:2000/", "port"],
      ["https://169.254.79.129/2018-06-01/runtime/invocation/next", "link"],
      ["https://169.254.79.1/", "link"],
    ],
  },
  {
    source: "Google Cloud, About VM metadata",
    rows: [
      ["https://metadata.google.internal/computeMetadata/v1/", "internal"],
      ["https://metadata.google.internal./computeMetadata/v1/", "internal"],
      ["https://METADATA.GOOGLE.INTERNAL/computeMetadata/v1beta1/?recursive=true", "internal"],
      ["https://metadata/computeMetadata/v1/", "noDot"],
      ["https://169.254.169.254/computeMetadata/v1/", "link"],
      ["https://[fd20:ce::254]/computeMetadata/v1/", "uniqueLocal"],
    ],
  },
  {
    source: "Microsoft Azure, Instance Metadata Service; What is IP address 168.63.129.16?",
    rows: [
      ["https://169.254.169.254/metadata/instance?api-version=2017-04-02", "link"],
      ["https://168.63.129.16/machine/?comp=goalstate", "azure"],
      ["https://168.63.129.16:8443/", "azure"],
      ["https://0xa83f8110/", "azure"],
      ["https://2822734096/", "azure"],
    ],
  },
  {
    source: "PayloadsAllTheThings, SSRF-Cloud-Instances.md: Alibaba, Oracle, DigitalOcean, OpenStack, others",
    rows: [
      ["https://100.100.100.200/latest/meta-data/", "carrier"],
      ["https://192.0.0.192/latest/user-data/", "reserved"],
      ["https://169.254.169.254/opc/v2/instance/", "link"],
      ["https://169.254.169.254/metadata/v1.json", "link"],
      ["https://169.254.169.254/openstack", "link"],
      ["https://169.254.169.254/2009-04-04/meta-data/", "link"],
      ["https://169.254.169.254/hetzner/v1/metadata", "link"],
      ["https://169.254.42.42/conf", "link"],
      ["https://169.254.0.23/latest/meta-data/", "link"],
      ["https://100.88.222.5/", "carrier"],
      ["https://rancher-metadata/latest/", "noDot"],
      ["https://127.0.0.1:2379/v2/keys/?recursive=true", "port"],
      ["https://127.0.0.1:2375/v1.24/containers/json", "port"],
      ["https://host.docker.internal/", "internal"],
      ["https://gateway.docker.internal/", "internal"],
      ["https://kubernetes.default.svc.cluster.local/api", "local"],
      ["https://kubernetes/api", "noDot"],
    ],
  },
];
