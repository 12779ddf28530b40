import { DomainName, EndpointType, type IRestApi, SecurityPolicy } from "aws-cdk-lib/aws-apigateway";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { CfnRecordSet } from "aws-cdk-lib/aws-route53";
import { Construct } from "constructs";
import type { DomainSettings } from "../settings.ts";

export interface ApiDomainProps {
  readonly api: IRestApi;
  readonly domain: DomainSettings;
}

/** A name of one's own for the REST API, and its record when the zone is in Route 53. */
export class ApiDomain extends Construct {
  readonly url: string;
  /** What the name must lead to (CNAME) when its zone is elsewhere. */
  readonly target: string;

  constructor(
    scope: Construct,
    id: string,
    { api, domain: { name, certificateArn, hostedZoneId } }: ApiDomainProps,
  ) {
    super(scope, id);
    const domain = new DomainName(this, "Name", {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, "Certificate", certificateArn),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
      mapping: api,
    });
    this.url = `https://${name}/`;
    this.target = domain.domainNameAliasDomainName;
    if (hostedZoneId !== undefined) {
      new CfnRecordSet(this, "Record", {
        hostedZoneId,
        name,
        type: "A",
        aliasTarget: {
          dnsName: domain.domainNameAliasDomainName,
          hostedZoneId: domain.domainNameAliasHostedZoneId,
        },
      });
    }
  }
}
