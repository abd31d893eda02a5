// Text files can be imported; the build puts them into the module.
declare module "*.txt" {
  const text: string;
  export default text;
}
