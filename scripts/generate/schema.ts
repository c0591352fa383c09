/** Makes the CRD's OpenAPI schema one that JSON Schema tools take. */

export interface SchemaNode {
  [keyword: string]: unknown;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
}

/** What a manifest may carry in `metadata`: what the API server itself knows, so that its output is input too. */
const OBJECT_META: SchemaNode = {
  type: "object",
  additionalProperties: false,
  properties: {
    name: { type: "string" },
    namespace: { type: "string" },
    generateName: { type: "string" },
    labels: { type: "object", additionalProperties: { type: "string" } },
    annotations: { type: "object", additionalProperties: { type: "string" } },
    uid: { type: "string" },
    resourceVersion: { type: "string" },
    generation: { type: "integer" },
    creationTimestamp: {},
    deletionTimestamp: {},
    deletionGracePeriodSeconds: {},
    finalizers: { type: "array" },
    managedFields: { type: "array" },
    ownerReferences: { type: "array" },
    selfLink: { type: "string" },
  },
};

/** Metadata as the code uses it. */
const METADATA_TYPE = {
  type: "object",
  required: ["name"],
  additionalProperties: false,
  properties: {
    name: { type: "string" },
    namespace: { type: "string" },
    uid: { type: "string" },
    resourceVersion: { type: "string" },
    generation: { type: "integer" },
    creationTimestamp: { type: "string" },
    deletionTimestamp: { type: "string" },
    labels: { type: "object", additionalProperties: { type: "string" } },
    annotations: { type: "object", additionalProperties: { type: "string" } },
  },
};

function mapChildren(node: SchemaNode, change: (child: SchemaNode) => SchemaNode): SchemaNode {
  const result: SchemaNode = { ...node };
  if (node.properties !== undefined) {
    result.properties = Object.fromEntries(
      Object.entries(node.properties).map(([name, child]) => [name, change(child)]),
    );
  }
  if (node.items !== undefined) result.items = change(node.items);
  return result;
}

function isKubernetesOnly(keyword: string): boolean {
  return keyword.startsWith("x-kubernetes-");
}

/** Strict as `kubectl apply` is: unknown fields are errors; int-or-string is spelled out. */
function strictNode(node: SchemaNode): SchemaNode {
  const kept = Object.entries(node).filter(
    ([keyword]) => !isKubernetesOnly(keyword) && keyword !== "description",
  );
  const result: SchemaNode = Object.fromEntries(kept);
  if (node["x-kubernetes-int-or-string"] === true) result.type = ["integer", "string"];
  if (node.properties !== undefined) result.additionalProperties = false;
  return mapChildren(result, strictNode);
}

export function validatorSchema(crdSchema: SchemaNode): SchemaNode {
  const strict = strictNode(crdSchema);
  return { ...strict, properties: { ...strict.properties, metadata: OBJECT_META } };
}

function typedNode(node: SchemaNode): SchemaNode {
  const kept = Object.entries(node).filter(([keyword]) => !isKubernetesOnly(keyword));
  const result: SchemaNode = Object.fromEntries(kept);
  if (node["x-kubernetes-int-or-string"] === true) result.tsType = "number | string";
  if (node.properties !== undefined) result.additionalProperties = false;
  return mapChildren(result, typedNode);
}

export function typesSchema(crdSchema: SchemaNode): SchemaNode {
  const typed = typedNode(crdSchema);
  return {
    ...typed,
    required: ["apiVersion", "kind", "metadata", "spec"],
    properties: { ...typed.properties, metadata: METADATA_TYPE },
  };
}
