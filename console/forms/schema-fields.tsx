// Fields for what a schema describes: one for each of its properties, and fields in fields.
import { Checkbox, Field, Select, TextArea } from "../ui/field.tsx";
import { below } from "./field-errors.ts";
import { type FieldProps, useForm } from "./form-context.ts";
import {
  asText,
  type Fields,
  HIDDEN,
  initialOf,
  isLong,
  type JsonSchema,
  resolved,
  shapeOf,
  titleOf,
  variantOf,
  withField,
} from "./json-schema.ts";
import { AnyValue, ListOf, Mapping, Texts } from "./lists.tsx";
import "./forms.css";

interface GroupProps {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly value: Fields;
  readonly onChange: (value: Fields) => void;
  /** Those alone; all unless told. */
  readonly names?: readonly string[];
}

const GROUPS: ReadonlySet<string> = new Set(["group", "variants", "mapping", "list"]);

export function SchemaFields({ path, schema, value, onChange, names }: GroupProps) {
  const { schemas } = useForm();
  const { properties = {}, required = [] } = schema;
  const all = Object.entries(properties)
    .filter(([name]) => names === undefined || names.includes(name))
    .map(([name, one]) => [name, resolved(one, schemas)] as const)
    .filter(([, one]) => shapeOf(one, schemas).kind !== "hidden");
  return (
    <div className="form-fields">
      {all.map(([name, one]) => (
        <SchemaField
          key={name}
          name={name}
          path={below(path, name)}
          schema={one}
          isRequired={required.includes(name)}
          value={value[name]}
          onChange={(next) => onChange(withField(value, name, next))}
        />
      ))}
    </div>
  );
}

function SchemaField(props: FieldProps) {
  const { schemas, own = {} } = useForm();
  const Own = own[props.name];
  if (Own !== undefined) return <Own {...props} />;
  const { kind } = shapeOf(props.schema, schemas);
  return GROUPS.has(kind) ? <GroupField {...props} /> : <PlainField {...props} />;
}

function PlainField(props: FieldProps) {
  const { name, path, schema, isRequired, value, onChange } = props;
  const { schemas, errors } = useForm();
  const shape = shapeOf(schema, schemas);
  const label = titleOf(name, schema);
  const hint = schema.description;
  const shared = { label, error: errors.at(path), ...(hint !== undefined && { hint }) };
  switch (shape.kind) {
    case "switch":
      return (
        <div className="field">
          <Checkbox
            label={label}
            checked={(value ?? schema.default) === true}
            onChange={({ target }) => onChange(target.checked)}
          />
          {hint !== undefined && <p className="field-hint">{hint}</p>}
        </div>
      );
    case "number":
      return (
        <Field
          {...shared}
          type="number"
          step={shape.isWhole ? 1 : "any"}
          placeholder={schema.default === undefined ? "" : String(schema.default)}
          value={typeof value === "number" ? value : ""}
          onChange={({ target }) => onChange(target.value === "" ? undefined : target.valueAsNumber)}
        />
      );
    case "choice":
      return (
        <Select
          {...shared}
          value={String(value ?? schema.default ?? "")}
          onChange={({ target }) => onChange(target.value === "" ? undefined : target.value)}
        >
          {!isRequired && schema.default === undefined && <option value="">Unless told</option>}
          {shape.options.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </Select>
      );
    case "text":
      return schema.contentMediaType === undefined ? (
        <TextField {...props} mayBeSecret={shape.mayBeSecret} mayBeNull={shape.mayBeNull} />
      ) : (
        <div className="form-wide">
          <TextArea
            {...shared}
            rows={schema.contentMediaType === "text/javascript" ? 10 : 4}
            spellCheck={false}
            value={typeof value === "string" ? value : ""}
            onChange={({ target }) => onChange(emptied(target.value, isRequired))}
          />
        </div>
      );
    case "texts":
      return <Texts {...props} options={shape.options} />;
    default:
      return <AnyValue label={label} error={errors.within(path)} value={value} onChange={onChange} />;
  }
}

interface TextProps extends FieldProps {
  readonly mayBeSecret: boolean;
  readonly mayBeNull: boolean;
}

function TextField(props: TextProps) {
  const { name, path, schema, isRequired, value, onChange, mayBeSecret, mayBeNull } = props;
  const { errors } = useForm();
  const isKept = mayBeSecret && value === HIDDEN;
  const hint = isKept
    ? `${HIDDEN} keeps what is stored, which nobody can read`
    : mayBeNull
      ? "Emptied, it is taken away"
      : schema.description;
  const field = (
    <Field
      label={titleOf(name, schema)}
      error={errors.at(path)}
      {...(hint !== undefined && { hint })}
      placeholder={String(schema.examples?.[0] ?? schema.default ?? "")}
      value={typeof value === "string" ? value : ""}
      required={isRequired}
      autoComplete="off"
      spellCheck={false}
      // What is left out is kept where it is a secret: null is what takes it away.
      onChange={({ target }) =>
        onChange(target.value === "" && mayBeNull ? null : emptied(target.value, isRequired))
      }
    />
  );
  return isLong(schema) ? <div className="form-broad">{field}</div> : field;
}

/** An empty field that may be missing is. */
const emptied = (text: string, isRequired: boolean): string | undefined =>
  text === "" && !isRequired ? undefined : text;

/** A field with fields in it; one that may be missing is switched on first. */
function GroupField(props: FieldProps) {
  const { name, path, schema, isRequired, value, onChange } = props;
  const { schemas, errors } = useForm();
  const { kind } = shapeOf(schema, schemas);
  const isThere = value !== undefined || isRequired || schema.default !== undefined;
  const error = errors.at(path);
  return (
    <fieldset className="form-group form-wide">
      <legend>{titleOf(name, schema)}</legend>
      {schema.description !== undefined && <p className="field-hint">{schema.description}</p>}
      {!isRequired && schema.default === undefined && kind === "group" && (
        <Checkbox
          label={`Set ${titleOf(name, schema).toLowerCase()}`}
          checked={isThere}
          onChange={({ target }) => onChange(target.checked ? initialOf(schema, schemas) : undefined)}
        />
      )}
      {(isThere || kind !== "group") && <Inside {...props} />}
      {error !== undefined && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

/** What stands in a group, without a frame of its own. */
export function Inside(props: FieldProps) {
  const { path, schema, value, onChange } = props;
  const { schemas } = useForm();
  const shape = shapeOf(schema, schemas);
  switch (shape.kind) {
    case "group":
      return <SchemaFields path={path} schema={schema} value={(value ?? {}) as Fields} onChange={onChange} />;
    case "variants":
      return <Variants {...props} variants={shape.variants} />;
    case "mapping":
      return <Mapping {...props} values={shape.values} />;
    case "list":
      return (
        <ListOf {...props} items={shape.items}>
          {(item) => <Inside {...item} />}
        </ListOf>
      );
    default:
      return <PlainField {...props} />;
  }
}

const nameOfVariant = ({ title, properties = {}, required = [], type = "" }: JsonSchema): string => {
  if (title === undefined && type === "string") return "text";

  const told = Object.values(properties).find((one) => one.const !== undefined)?.const;
  return title ?? (told === undefined ? required[0] : String(told)) ?? "fields";
};

function Variants({ variants, ...props }: FieldProps & { readonly variants: readonly JsonSchema[] }) {
  const { name, path, schema, isRequired, value, onChange } = props;
  const { schemas, errors } = useForm();
  const at = variantOf(value, variants);
  const variant = variants[at];
  return (
    <div className="form-fields">
      <Select
        label={titleOf(name, schema)}
        error={errors.at(below(path, "type"))}
        value={at}
        onChange={({ target }) => {
          const next = variants[Number(target.value)];
          onChange(next && initialOf(next, schemas, value));
        }}
      >
        {(!isRequired || at === -1) && <option value={-1}>none</option>}
        {variants.map((one, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what a schema allows never moves.
          <option key={n} value={n}>
            {nameOfVariant(one)}
          </option>
        ))}
      </Select>
      {variant !== undefined && (
        <div className="form-wide">
          {variant.type === "string" ? (
            <TextArea
              label={nameOfVariant(variant)}
              rows={4}
              error={errors.within(path)}
              value={asText(value)}
              onChange={({ target }) => onChange(target.value)}
            />
          ) : (
            <Inside {...props} schema={variant} />
          )}
        </div>
      )}
    </div>
  );
}
